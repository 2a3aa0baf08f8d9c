# Words of the page for those who administer a server. Short, direct, the reader's verb first.

loading = Loading…
save = Save
saved = Saved
name = Name
email = E-mail (optional)
roles = Roles
label = Name of this passkey
label-default = This device

## Coming in

link-setup-title = Become the administrator
link-setup-lead = Nobody administers this server yet. Whoever follows this link first does.
link-invitation-title = You are invited to { $organisation }
link-invitation-lead = Make a passkey, and you are in. There is no password.
link-recovery-title = Come back
link-recovery-lead = Make a passkey for your account, and you are in. Your other sessions end.
link-organisation = Name of the organisation
link-join = Make a passkey
link-provider = Join with { $provider }
link-note = Your device asks for your fingerprint, face or PIN. Nothing of that leaves it.

## Frame

nav = Pages
nav-users = Users
nav-policy = Policy
nav-advisories = Advisories
nav-account = My account
nav-audit = Audit log
nav-live = Live
nav-health = Health
nav-meetings = My meetings
nav-bulletin = Bulletin
start-meeting = Start a meeting
sign-out = Sign out
forbidden-title = Not for your roles
forbidden-users = Only an administrator sees the users.
forbidden-advisories = Only a security officer or an administrator applies advisories to meetings.
forbidden-policy = Only a security officer or an administrator says what meetings have to keep.
forbidden-meetings = Only a host or an administrator plans meetings.
forbidden-live = Only a security officer or an administrator sees which rooms are open.
forbidden-health = Only a security officer or an administrator sees how the server fares.
forbidden-audit = Only a security officer or an administrator reads the audit log.

## Users

users-title = Users
users-search = Search by name or address
users-none = Nobody is called so.
users-you = you
users-since = Since
users-roles-of = Roles of { $name }
users-remove = Remove
users-remove-ask = Remove { $name } with every passkey, session and key?
users-removed = { $name } was removed.
users-changed = Saved the roles of { $name }.
invite-title = Invite somebody
invite-lead = You get a link to pass on. It is good once, for seven days.
invite-go = Make a link
invite-ready = Link for { $name }. It is shown this once.
invite-link = Link
invites-title = Open invitations
invites-until = Until
invites-revoke = Withdraw
invites-revoke-ask = Withdraw the invitation of { $name }?
invites-revoked = The invitation of { $name } was withdrawn.
passwords-title = Passwords
passwords-lead = Passkeys are safer: nobody can be talked out of one. A password stays in its user's browser; this server never sees it.
passwords-on = Users may set a password.
passwords-off = Nobody signs in with a password.
passwords-allow = Allow passwords
passwords-forbid = Forbid passwords
organisation-title = Organisation

## Policy

floor-title = Policy
floor-lead = What every meeting here has to keep, at least. A host can ask for more in a meeting, never for less.
floor-default = Nobody has chosen yet: tier medium holds.
floor-number = Floor { $number }
floor-origin = Applied by { $by }, from { $origin }.
floor-origin-advisory = Applied by { $by }, from { $advisory } of { $publisher }, revision { $revision }.
floor-origin-hidden = Applied by { $by }, from an advisory.
floor-control = Control
floor-demanded = Demanded
floor-sources = Asked for by
floor-always = Always
floor-always-title = { $count ->
    [one] One control holds always and cannot be set
   *[other] { $count } controls hold always and cannot be set
  }
floor-change = Demand something else
floor-change-lead = You see what would change before anything does.
floor-source = Take it from
floor-choose = Choose a profile or a tier…
floor-tier = Tier { $tier }
floor-file = Import a profile
floor-signed = The signature holds. Key: { $key }
floor-unsigned = Not signed: whoever had the file can have changed it.
floor-becomes = becomes
floor-tighter = Tighter
floor-looser = Looser
floor-kept = Stays
floor-same = Nothing would change.
floor-loosen = Also loosen
floor-loosen-note = Otherwise what would get looser stays as it is.
floor-running = Meetings that run follow at once where a host is there. One that cannot follow ends, and says why.
floor-apply = { $count ->
    [0] Nothing to apply
    [one] Apply one change
   *[other] Apply { $count } changes
  }
floor-leave = Leave it as it is
floor-applied = Applied. It binds all meetings within a second.
floor-history = Before
floor-history-lead = Bring back what was demanded earlier.
floor-back = Bring back
floor-back-to = { $number ->
    [0] Bring back tier medium
   *[other] Bring back floor { $number }
  }

# Advisories that demand something of meetings.
advisories-title = Advisories
advisories-lead = Published documents that carry a policy for meetings, as far as you may read them. You see what one would change before anything does, and it never loosens anything.
arrived-title = Came by itself
arrived-applied = { $title } of { $publisher } was applied, as floor { $floor }.
arrived-refused = { $title } of { $publisher } was not applied. Look below why.
advisories-none = No advisory that you may read carries a policy yet. One appears here when its publisher has published it.
advisories-none-such = There is no such advisory for you, or it is older than those that are shown.
advisories-all = All advisories
advisories-gone = Its publisher has withdrawn it: it can be applied no more.
advisories-more = There are more; the newest are shown.
standing-open = Not applied
standing-applied = Applied
standing-undone = Taken back
standing-refused = Not applied
standing-superseded = A later revision is published
advisories-withdrawn = Withdrawn
advisories-count = { $applied } of { $all } applied here
advisories-revision = { $tracking }, revision { $revision }
advisories-revision-only = Revision { $revision }
advisories-published = Published
advisories-key = Signed with the key { $key }
advisories-at = Floor { $floor }
advisories-by-following = by following the publisher
unfollowed-key = It was not applied by itself: it is signed with another key than the pinned one. Ask the publisher before you apply it by hand.
unfollowed-control = It was not applied by itself: it demands what this server cannot hold.
advisories-left-out = Left as it was, since it would have loosened: { $controls }
advisories-look = Look
advisories-look-at = Look at { $title }
advisories-back = Take back
advisories-back-question = Demand again what was demanded before { $title }?
advisories-later = { $count ->
    [one] Another floor came after it, so that going back would undo that, too.
   *[other] { $count } floors came after it, so that going back would undo those, too.
  }
advisories-history = To the history on the page Policy
advisories-taken-back = Taken back. What was demanded before is demanded again.
advisories-changes = What would change today
advisories-met = What it asks is demanded already. Applying it puts that on record.
advisories-asks = { $count ->
    [one] The control it names
   *[other] All { $count } controls it names
  }
advisories-touched = Meetings that would have to follow
advisories-touched-none = No open room and no planned meeting is below it.
advisories-room = Room { $number }, open now, with { $people ->
    [one] one person
   *[other] { $people } people
  }
advisories-plan = Planned for
advisories-planned-more = Only the next 200 planned meetings were looked at.
advisories-tell = Tell { $publisher } that { $organisation } has applied it
advisories-tell-note = They learn the organisation and the time, and nothing else. Taking it back later does not take this back.
advisories-apply = Apply
advisories-leave = Leave it
advisories-applied = Applied. It binds all meetings within a second.
following-title = Publishers that are followed
following-lead = What they publish from now on is applied at once where it tightens, if it is signed with their key. What would loosen is left as it is.
following-none = Nobody is followed.
following-since = Since
following-reads = Reads as { $organisation }
following-reads-public = Reads what is public
following-stop = Follow no more
following-stop-question = Follow { $name } no more? What was applied stays.
following-stopped = { $name } is followed no more.
following-publisher = Publisher
following-choose = Choose a publisher…
following-key = Their key
following-key-note = Learn it from the publisher itself. Where you have an advisory of theirs, its key is filled in for you to compare.
following-start = Follow
following-started = { $name } is followed from now on.
coverage-title = What became of your organisation's publications
coverage-lead = Organisations that may read each, and what they have said of it.
coverage-organisation = Organisation
coverage-seen = Seen
coverage-applied = Applied
coverage-not-affected = Not affected
coverage-silent = Nothing yet
coverage-nobody = No other organisation may read it.
coverage-summary = { $applied } of { $all } have applied it
coverage-more = Show more

templates-title = Templates
templates-lead = What meetings can begin with. Who makes one chooses a template; where the floor is tighter, the floor holds.
template-name = Name
template-asks = Asks for
template-changed = Changed
template-nothing = No more than the floor
template-new = New template
template-edit = Change
template-edit-name = Change the template { $name }
template-remove = Remove
template-remove-ask = Remove { $name }?
template-keep = Keep the template
template-leave = Leave it
template-kept = Kept. It can be chosen now.
template-removed = Removed. Meetings that were made with it stay as they are.

## Own account

account-title = My account
identities-title = Identity provider
identities-lead = Sign in here with the account that your organisation gave you. Whoever has that account opens this one.
identities-issuer = Provider
identities-none = Nobody is bound yet.
identities-add = Bind my account at { $provider }
identities-remove-ask = Sign in by this provider no more?
password-lead = One factor only: with it you make no meetings where your organisation demands two. It never leaves this browser.
password-set = This account has a password.
password-none = This account has no password.
password-address = A password needs an e-mail address, and this account has none.
password-new = New password, 12 characters or more
password-remove = Remove the password
password-remove-ask = Sign in by password no more?
passkeys-title = Passkeys
passkeys-lead = Each opens this account. Have two, so that a lost device does not lock you out.
passkeys-add = Add a passkey
passkeys-used = Last used
passkeys-rename = Rename
passkeys-rename-of = New name of { $label }
passkeys-remove = Remove
passkeys-remove-ask = Remove the passkey { $label }?
passkeys-last = The last passkey stays. Add another first.
sessions-title = Sessions
sessions-lead = Where you are signed in. A session ends after 12 hours without use, and after 7 days.
sessions-this = This one
sessions-other = Another
sessions-seen = Last used
sessions-end = End
sessions-end-ask = End this session?
sessions-end-all = End all sessions
sessions-end-all-ask = End every session, this one too?
keys-title = API keys
keys-lead = For programs. A key does no more than you may.
keys-none = No keys.
keys-name = What it is for
keys-days = Good for, in days
keys-scopes = May
keys-create = Make a key
keys-ready = The key { $label }. It is shown this once.
keys-secret = Key
keys-until = Until
keys-used = Last used
keys-revoke = Withdraw
keys-revoke-ask = Withdraw the key { $label }?

## Audit log

audit-title = Audit log
audit-lead = What was done, and by whom. Each entry is chained to the one before by its hash.
audit-filter = Show
audit-all = Everything
audit-export = Export as JSON lines
audit-older = Show older entries
audit-none = Nothing of that kind yet.
audit-number = No.
audit-when = When
audit-user = By whom
audit-anybody = Anybody
audit-since = Not before
audit-until = Before
audit-search = Search
audit-clear = Show everything
audit-who = Who
audit-what = What
audit-whom = To what
audit-command-line = The command line
audit-creation-key = The creation key
audit-by-key = { $name }, by an API key
audit-gone = { $id } (removed)

## Live

live-title = Live
live-lead = The rooms that are open now, as counts, times and rules. Which meeting it is, who is in it and what is said is not shown here, and nobody comes into a meeting from here.
live-summary = { $rooms ->
    [one] One room is open
   *[other] { $rooms } rooms are open
  }, with { $people ->
    [one] one person
   *[other] { $people } people
  } in it.
live-none = No room is open.
live-more = And { $count } more with fewer people.
live-room = Room
live-number = Room { $number }
live-since = Open since
live-people = People
live-waiting = Waiting
live-state = State
live-open = Open
live-locked = Locked
live-suspended = Suspended
live-rules = Rules in force
live-rules-count = { $count ->
    [0] None but those that always hold
    [one] One rule
   *[other] { $count } rules
  }

## Health

health-title = Health
health-server = Server
health-version = Version
health-since = Running since
health-rooms = New rooms
health-taken = Are taken
health-draining = Are not taken: the server is about to stop
health-database = Database
health-database-good = Answers; { $size }, schema { $schema }
health-database-bad = Does not answer. Running meetings go on; nothing new can be made.
health-disk = Disk
health-disk-free = { $free } free of { $total }.
health-disk-low = Make room soon.
health-memory = Memory of the server
health-load = Load of the machine
health-load-of = { NUMBER($load, maximumFractionDigits: 2) } on { $cores ->
    [one] one processor
   *[other] { $cores } processors
  }
refusals-title = Refusals
refusals-lead = How often the server said no, by rule. Many of one rule at once are an attack, or a limit that is too tight. Counted since the server started.
refusals-span = Show
refusals-hour = The last hour, by the minute
refusals-day = The last day, by the quarter of an hour
refusals-none = Nothing was refused.
refusals-summary = { $total ->
    [one] One refusal
   *[other] { $total } refusals
  }, at most { $most } in one step, from { $at } on.
refusals-chart = Chart of refusals over time. { $summary } The table below has the same numbers.
refusals-others = Other rules
refusals-as-table = As a table
refusals-rule = Rule, and what is said to whom it refuses
refusals-said = “{ $text }”
refusals-count = Refusals
refusals-most = Most at once
limits-title = Limits
limits-lead = What there is only so much of, the nearest to its end first.
limits-what = Limit
limits-used = Used
limits-max = Of
limits-share = Share
limits-near = nearly used up
limits-connections = Connections of people
limits-rooms = Open rooms
limits-tcp_connections = TCP connections
mirrors-title = Mirrors
mirrors-lead = Providers of CSAF that this server follows, and what was wrong the last time.
mirrors-name = Provider
mirrors-documents = Documents
mirrors-tried = Asked last
mirrors-reached = Reached last
mirrors-never = Never
mirrors-failures = Failures since
shards-title = Media
shards-lead = The threads that forward sound and picture. Packets are counted since the server started.
shards-number = Thread
shards-rooms = Rooms
shards-peers = Connections
shards-in = Packets in
shards-out = Packets out
shards-dropped = Not forwarded
shards-faults = Faults

## Words of the protocol

role-administrator = Administrator
role-security_officer = Security officer
role-host = Host
scope-audit-read = read the audit log
scope-bulletin-read = read the bulletin as your organisation may
scope-bulletin-write = write in the bulletin as your role there lets you
scope-health-read = see how the server fares and what it refuses
scope-meetings-create = create meetings
scope-policy-read = read what is demanded of meetings
scope-policy-write = demand something else of all meetings
scope-users-read = list users
scope-users-write = invite, change and remove users
did-audit-exported = Exported the audit log
did-bulletin-acknowledged = Acknowledged a document of the bulletin
did-bulletin-attachment = Attached a file to a document, or took one away
did-bulletin-client = Let a client read a document
did-bulletin-comment = Commented on a document
did-bulletin-document = Wrote, reviewed, published or withdrew a document
did-bulletin-group = Made or changed a sharing group
did-bulletin-incident = Changed or handed over an incident
did-bulletin-membership = Changed who is of a member organisation
did-bulletin-profile = Had a draft carry a policy profile, or took it away
did-bulletin-webhook = Had a webhook of an organisation made or removed
did-bulletin-organisation = Changed which organisations take part in the bulletin
did-template-changed = Made or changed a template
did-template-removed = Removed a template
did-floor-applied = Applied a floor for all meetings
did-floor-not-followed = A followed publisher's advisory was not applied
did-floor-subscribed = Followed a publisher of advisories
did-floor-unsubscribed = Followed a publisher of advisories no more
did-identity-added = Bound an account of the identity provider
did-identity-removed = Removed a binding to the identity provider
did-invitation-created = Invited somebody
did-invitation-revoked = Withdrew an invitation
did-key-created = Made an API key
did-key-revoked = Withdrew an API key
did-meeting-cancelled = Cancelled a planned meeting
did-meeting-created = Created a meeting
did-meetings-mailed = Invited people by mail
did-meetings-planned = Planned meetings
did-organisation-renamed = Renamed the organisation
did-passkey-added = Added a passkey
did-passkey-removed = Removed a passkey
did-passkey-renamed = Renamed a passkey
did-password-removed = Removed a password
did-password-set = Set a password
did-passwords-allowed = Allowed passwords
did-passwords-forbidden = Forbade passwords
did-recovery-created = Made a link for an administrator who was locked out
did-user-recovered = Came back by a link
did-session-begun = Signed in
did-session-ended = Signed out
did-session-revoked = Ended a session
did-user-changed = Changed a user
did-user-joined = Joined
did-user-removed = Removed a user

## Meetings

meetings-title = My meetings
meetings-lead = What you have planned, next first. Times are those of this device.
meetings-none = Nothing is planned. Plan a meeting, and its link is ready to be sent.
meetings-untitled = Meeting without a title
meetings-elsewhere = Planned in another browser
meetings-elsewhere-note = Its keys and its link are in the browser that planned it. Start it there. You can cancel it here.
meetings-time = { $from } to { $to }
meetings-series = { $every ->
    [day] Every day
    [week] Every week
   *[month] Every month
  }
meetings-lobby = The lobby opens at { $at }.
meetings-open = The lobby is open.
meetings-cancelled = Cancelled
meetings-invited = Invited: { $who }
meetings-start = Start
meetings-start-of = Start: { $title }
meetings-copy = Copy link
meetings-copy-of = Copy link: { $title }
meetings-link-of = Link to { $title }
meetings-file = Calendar file
meetings-file-of = Calendar file: { $title }
meetings-file-all = Whole series
meetings-file-all-of = Whole series: { $title }, as a calendar file
meetings-file-off = File of the cancellation
meetings-passcode = Passcode, to be told to who is invited:
meetings-mails = Mails
meetings-personal = { $count ->
    [one] One personal link
   *[other] { $count } personal links
}
meetings-personal-note = Each lets in one person, on two devices, until the meeting ends. Pass it on to nobody else. In the meeting you can withdraw it.
meetings-mails-of = Mails: { $title }
meetings-move = Move
meetings-move-of = Move: { $title }
meetings-moved = Moved. The new link is ready; the old one opens nothing.
meetings-cancel = Cancel
meetings-cancel-ask = Cancel { $title } on { $day }? Its link will open nothing.
meetings-cancel-all = Cancel the series
meetings-cancel-all-ask = Cancel every meeting of { $title } that is still to come?
meetings-planned = { $count ->
    [one] Planned.
   *[other] { $count } meetings are planned, each with a link of its own.
  }
meetings-cancelled-now = Cancelled.

plan-title = Plan a meeting
plan-lead = This browser makes the keys of each meeting and keeps them. Start it from this browser: the server cannot, and neither can another device of yours.
plan-name = Title (optional)
plan-name-hint = Sealed: the server cannot read it.
plan-date = Day
plan-time = Begins at
plan-minutes = Minutes
plan-zone = Time zone
plan-early = Lobby opens
plan-early-minutes = { $minutes ->
    [0] at the beginning
    [one] a minute before
   *[other] { $minutes } minutes before
  }
plan-repeat = Repeats
repeat-never = Never
repeat-day = Every day
repeat-week = Every week
repeat-month = Every month
plan-ends = Ends
ends-count = After so many meetings
ends-until = On a day
plan-until = Last day
plan-count = How many meetings
plan-template = Template
plan-template-before = As it was
plan-template-none = None: what the organisation demands
plan-passcode = Passcode (optional)
plan-passcode-hint = Told separately
plan-invited = Who is invited (optional)
plan-invited-hint = Their e-mail addresses. They stay in this browser and go into the calendar file; nothing is sent.
plan-invited-wrong = { $text } is no e-mail address.
plan-invited-many = At most { $max } can be invited.
plan-invited-mail = This server sends each of them a mail.
plan-personal = A link of their own for each
plan-personal-note = They come in by it, without the passcode. It is good for 31 days at most: for a later meeting, make it in the meeting.
plan-personal-many = At most { $max } can have a link of their own.
plan-mail = Send them mail
plan-mail-note = The mail has the link without its secret, and asks for the passcode. Tell them the passcode in another way.
plan-mail-title = Say the title in the mail
plan-mail-title-note = This server and every mail server on the way can read it then.
plan-mail-personal = No mails are sent: with this template only personal links let in, which you make here or in the meeting.
plan-mail-nobody = Say to whom.
plan-passcode-short = Use at least six letters or digits.
plan-go = Plan
move-title = Move { $title }
move-lead = A meeting at another time has new keys and a new link, and the old link opens nothing. Who was invited by mail is told of both.
move-go = Move
move-keep = Leave it
mails-title = Mails
mails-lead = To who was invited, oldest first. A mail never has the passcode.
mails-none = None was sent.
mails-to = Send mail to
mails-send = Send
mails-close = Close
mailed-invitation = Invitation
mailed-cancellation = Cancellation
mail-waiting = To be sent
mail-sent = Sent
mail-failed = Not taken by the mail server
mail-trouble-certificate = The mail server does not show by its certificate that it is the right one, so nothing was given to it. Tell whoever runs Sabha.
mail-trouble-later = The mail server asks to be tried later.
mail-trouble-no_tls = The mail server does not encrypt, so nothing was given to it. Tell whoever runs Sabha.
mail-trouble-refused = The mail server does not take it. Check the address.
mail-trouble-unreachable = The mail server does not answer.
plan-not-kept = This browser keeps nothing, or cannot make keys. A meeting that is planned here would have no host. Use another browser, or a window that is not private.
plan-not-possible = It cannot be planned so. Choose a time to come, within a year; a meeting lasts 5 to 1440 minutes, a series has 2 to 60 meetings.

calendar-description = Join by this link: { $link }

    The link is the key to the meeting: pass it on only to those who are invited.
calendar-untitled = Meeting

## Banner of the bulletin

alerts = Urgent in the bulletin
alerts-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
alerts-dismiss = Seen
alerts-none = None
alerts-low = Low
alerts-medium = Medium
alerts-high = High
alerts-critical = Critical
