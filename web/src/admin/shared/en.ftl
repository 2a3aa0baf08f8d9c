# Words of what the console and the bulletin's desk share. Short, direct, the reader's verb first.

copy = Copy
copied = Copied
keep = Keep
when-never = Never

## Coming in

sign-in-title = Sign in to { $organisation }
sign-in-lead = With the passkey on this device or on your phone.
sign-in-go = Sign in with a passkey
sign-in-provider = Sign in with { $provider }
sign-in-password = Sign in with a password
sign-in-help = No passkey here? Ask an administrator for a link.
password = Password
password-email = E-mail
provider-declined = Nobody was signed in there. Try again, or use a passkey.
passkey-declined = No passkey was given. Try again when you are ready.
passkey-exists = This device has a passkey for this account already.
passkey-unsupported = This browser has no passkeys here. Use https, or another browser.

## Refusals: each rule by which the server refuses what a page asks of it

unreachable = The server cannot be reached. Try again in a moment.
refused-by = The server refused this by the rule { $rule }.
rule-account-identity = The identity provider's answer opens nothing here: this browser did not ask for it, it came too late, or it was used. Try again.
rule-account-known = Nobody and nothing of this name is here, or another has it already.
rule-account-last = The last administrator and the last way in stay. Add another first.
rule-account-link = This link is not good, or not any more. Ask whoever gave it to you for another.
rule-account-origin = Passkeys need this page at its own address, with https.
rule-account-passkey = This passkey opens no account here, or it came too late. Try again.
rule-account-password = This password opens no account here, or it came too late. Try again.
rule-account-passwords-off = There are no passwords here.
rule-account-provider = Your organisation's identity provider cannot be reached, or does not answer as it must. Passkeys work without it.
rule-account-role = You do not have the role that this needs.
rule-account-scope = This is done in person, not by an API key.
rule-account-signed-in = Your session is over. Sign in again.
rule-account-stranger = Your organisation knows you, but nobody here is bound to you. Ask an administrator for an invitation, or sign in with your passkey and bind your account.
rule-bulletin-attachment = This file cannot be attached: it has to be CSV, JSON, JPEG, PDF, PNG, plain text or ZIP, begin as one, and have at most 4 MiB.
rule-bulletin-content = This is no document that can be kept. It is JSON with a title, and its label fits the marking.
rule-bulletin-csaf = The document is not fit for this yet. What has to be put right is listed.
rule-bulletin-four-eyes = You have written in this revision, so somebody else has to look at it.
rule-bulletin-key = This key cannot be used for your mails.
rule-bulletin-known = There is no such document, or none for you.
rule-bulletin-marking = Label and audience do not fit together, or the organisation does not take part in the bulletin.
rule-bulletin-role = This is not for your role in your organisation, or you speak for none.
rule-bulletin-seen = Somebody has changed it meanwhile. Look at it again, then decide.
rule-bulletin-stage = The document is not where this could be done.
rule-bulletin-webhook = A webhook cannot lead there.
rule-floor-later = Other floors came after it, and going back would undo them, too. The history on the page Policy shows what each would change.
rule-floor-profile = This is no policy profile, or it was changed after it was signed. Nothing was applied.
rule-floor-seen = Somebody has applied another floor meanwhile. Look again, then decide.
rule-limit-account = You have made as many meetings in a minute as one account may. Wait a minute.
rule-limit-credentials = Too many wrong credentials from your network. Wait a minute.
rule-limit-mails = You have had as many mails sent in a day as one account may. Try again tomorrow.
rule-limit-network = Too much comes from your network at the moment. Wait a moment.
rule-mls-epoch = Somebody else in the meeting was faster. Try again.
rule-org-link-private = By policy only personal links let in, so no mails are sent. Make the links in the meeting.
rule-org-mfa = By policy this needs a sign-in with a passkey, or with more than one factor.
rule-org-policy-floor = A meeting is at least as tight as your organisation demands. Tighten it.
rule-room-entry-link = There is no meeting behind this, or not any more.
rule-server-capacity = There is no room for more. Try again later, or remove some first.
rule-server-create = Meetings are not made by this key.
rule-server-storage = The server could not save this. Nothing was changed.
rule-wire-form = The server did not accept this. Check what you wrote.
rule-wire-rate = Too many tries. Wait a moment.
