# Words of the call. Short, direct, the reader's verb first; no exclamation marks, no blame.

close = Close
cancel = Cancel
dismiss = Dismiss
copy = Copy
copied = Copied
you = You
you-suffix = { $name } (you)
host = Host
try-again = Try again
try-again-devices = Check devices again
key-space = Space
key-enter = Enter
person-joining = Joining…

## Start

alerts = Urgent in the bulletin, and nobody of your organisation has said anything yet
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
start-title = Meet in a room of your own
start-lead = Nobody comes in before the host lets them in.
start-new = New meeting
start-template = Begin with a template
start-template-none = None: what the organisation demands
start-new-note = You will be its host, and get a link to send.
start-or = or
start-link-label = Join with a link
start-link-placeholder = Paste the invite link
start-mine = My meetings
start-join = Join
start-no-right-title = Sign in to start meetings
start-no-right = Without an account here, open the start link of the person who runs this server once on this device. To join a meeting you only need its invite link.
start-sign-in = Sign in
start-no-role-title = Your account may not start meetings
start-no-role = Ask an administrator of this server to make you a host. To join a meeting you only need its invite link.
start-trouble-link = This is not an invite link. Copy the whole link, with everything after the # sign.
start-trouble-no-encryption = This browser cannot make the keys of a meeting. Use a current Chromium, Firefox or Safari.
start-trouble-signed-out = You are no longer signed in. Sign in again to start a meeting.
start-trouble-refused = The server did not open a meeting. The start link of this device may have been replaced: ask the person who runs the server.
start-trouble-unreachable = The server does not answer. Check your connection and try again.

## Pre-join

prejoin-title = Ready to join?
prejoin-name = Your name
prejoin-name-missing = Enter the name the others should see.
prejoin-join = Join
prejoin-joining = Connecting
prejoin-rule = Nobody sees or hears you before you are in the room, and then only the people in it: everything is end-to-end encrypted.
prejoin-devices = Devices
preview-label = Your camera
preview-off = Camera is off
preview-starting = Starting the camera
preview-level = Microphone level
preview-level-off = Microphone is off
device-microphone = Microphone
device-camera = Camera
device-speaker = Speaker
device-none-microphone = No microphone found
device-none-camera = No camera found
device-none-speaker = System default

## Device trouble

trouble-microphone-permission_denied = The browser does not let this page use your microphone
trouble-camera-permission_denied = The browser does not let this page use your camera
trouble-both-permission_denied = The browser does not let this page use your camera and microphone
trouble-microphone-not_found = No microphone found
trouble-camera-not_found = No camera found
trouble-both-not_found = No camera and no microphone found
trouble-microphone-in_use = Another program uses your microphone
trouble-camera-in_use = Another program uses your camera
trouble-both-in_use = Another program uses your camera and microphone
trouble-microphone-unplugged = Your microphone was unplugged
trouble-camera-unplugged = Your camera was unplugged
trouble-both-unplugged = Your camera and microphone were unplugged
trouble-microphone-insecure_page = This address cannot use your microphone
trouble-camera-insecure_page = This address cannot use your camera
trouble-both-insecure_page = This address cannot use your camera and microphone
trouble-microphone-unknown = The microphone does not start
trouble-camera-unknown = The camera does not start
trouble-both-unknown = The camera and microphone do not start

fix-permission-chromium = Select the icon left of the address, switch the devices on, then check again.
fix-permission-firefox = Select the crossed-out icon left of the address, remove the block, then check again.
fix-permission-safari = Open Safari, Settings for this website, and allow the devices. Then check again.
fix-permission-android = Tap the icon left of the address, open Permissions, allow the devices, then check again.
fix-permission-ios = Tap the icon beside the address, open the website settings, allow the devices, then check again.
fix-permission-other = Allow the devices for this website in the browser's settings, then check again.
fix-not_found = Plug one in, or check that it is switched on. You can also join without it.
fix-in_use = Close the other program, then check again.
fix-unplugged = Plug it in again, or choose another one.
fix-insecure_page = Browsers allow devices only on https addresses. Ask for the https link of this server.
fix-unknown = Plug it in again or restart the browser. You can also join without it.

## Lobby

lobby-title = Waiting for the host
lobby-host-present = The host sees your name and will let you in.
lobby-host-absent = No host is here yet. You keep your place; a host sees your name on arrival.
lobby-name = The host sees
lobby-name-later = The host sees later
lobby-leave = Leave
lobby-keep-open = Keep this page open.
lobby-passcode = This meeting has a passcode
lobby-passcode-lead = The host's device asks you for it.
lobby-passcode-mail = Your mail does not have it: whoever invited you tells it to you in another way. The host sees your name once you have proven it.
lobby-mail-host-present = You came by mail. A host's device is asked to check the passcode with you.
lobby-mail-host-absent = You came by mail. Once a host is here you are asked for the passcode, and nobody sees your name before that.
lobby-proving-lead = Proving the passcode to the host's device.
lobby-personal = You need a link of your own
lobby-personal-lead = This meeting takes personal links only. The one you opened is not personal, or it is over, taken back, or in use on another device. Ask a host for a link of your own, and open that one.
lobby-passcode-off-mail = After too many wrong tries by somebody, the passcode is off. Once the host has set a new one you are asked for it.
lobby-passcode-off-lead = After too many wrong tries by somebody, the passcode is off. A host sees your name and can let you in.
lobby-joining = You are being let in
lobby-joining-lead = Checking everybody who is in the meeting.
lobby-sent-back = You are back in the lobby
lobby-sent-back-by = { $name } sent you here.
lobby-sent-back-lead = The host sees your name and decides when you come in again.
joining-title = You are in
joining-lead = Setting up sound and picture.

passcode = Passcode
passcode-asked-note = The host's device checks it. The server never learns it.
passcode-submit = Continue
passcode-proving = Checking
passcode-wrong =
    { $left ->
        [one] This is not the passcode. { $left } try is left.
       *[other] This is not the passcode. { $left } tries are left.
    }
passcode-wrong-again =
    { $left ->
        [one] Wrong again: this is not the passcode, or the server is tampering with it. Ask the host for the passcode before your last try.
       *[other] Wrong again: this is not the passcode, or the server is tampering with it. Ask the host for the passcode before you go on. { $left } tries are left.
    }
passcode-none-left = No tries are left. The host can still let you in.

## Room

room-untitled = Meeting
room-stage = Meeting
room-time = Time in the meeting
room-count =
    { $count ->
        [one] { $count } person
       *[other] { $count } people
    }
room-controls = Meeting controls
invite = Invite
invite-title = Invite people
invite-lead = Whoever has this link can ask to come in. You let them in one by one.
invite-lead-admits = Whoever has this link and the passcode comes in. You let in everybody else yourself.
invite-lead-locked = The meeting is locked. The link lets nobody new in until it is open again.
invite-lead-guest = Whoever has this link can ask to come in. A host lets them in.
invite-lead-personal = This meeting takes personal links only: its own link lets nobody in. Make a link for each person whom you invite.
invite-lead-personal-guest = This meeting takes personal links only: this link lets nobody in. A host makes one for each person.
invite-link = Invite link
invite-link-of = Invite link for { $name }
invites-open = Invite one person
invites-title = Invite one person
invites-lead = Whoever has such a link comes in without a click of yours, on as many devices as you say. Give each to one person only. You can take it back at any time.
invites-lead-by-hand = Whoever has such a link can ask to come in, and you see for whom you made it. Give each to one person only. You can take it back at any time.
invites-name = For whom
invites-good = Good for
invites-good-1 = 1 hour
invites-good-24 = 1 day
invites-good-168 = 7 days
invites-devices = On
invites-devices-count =
    { $count ->
        [one] { $count } device
       *[other] { $count } devices
    }
invites-make = Make a link
invites-made = Links you have made
invites-unused = Nobody is here by it
invites-used =
    { $count ->
        [one] Here on { $count } device
       *[other] Here on { $count } devices
    }
invites-until = good until { $time }
invites-withdraw = Take back
invites-withdraw-of = Take back the link for { $name }
alone-title = You are the only one here
alone-lead = Send the invite link to the people you want to meet. You will hear when somebody asks to come in.
alone-lead-guest = The others will appear here.

layout = Layout
layout-auto = Automatic
layout-grid = Grid
layout-speaker = Speaker
layout-changed = Layout: { $layout }
show-self = Show my picture
page-previous = Previous people
page-next = Next people
page-of = { $page } of { $pages }

control-microphone = Microphone
control-camera = Camera
control-share = Share
control-material = TLP:RED
control-hand = Hand
control-chat = Chat
control-people = People
control-settings = Settings
control-leave = Leave
people-waiting =
    { $count ->
        [one] { $count } waiting
       *[other] { $count } waiting
    }

tile-screen = Screen of { $name }
tile-you = Your picture
tile-muted = Microphone off
tile-poor = Poor connection
tile-reconnecting = Reconnecting
tile-pin = Pin { $name }
tile-unpin = Unpin { $name }
tile-pinned = Pinned
tile-spotlight = In the spotlight
self-hide = Hide my picture
self-move = Move my picture to the next corner
talking = Talking while Space is held
hand-raised = Your hand is raised.
hand-lowered = Your hand is down.

sharing-title = You are sharing your screen
sharing-stop = Stop sharing

## People

people = People
people-in-room = In the meeting
lobby-section = Asking to come in
lobby-waited =
    { $minutes ->
        [one] Waiting for { $minutes } minute.
       *[other] Waiting for { $minutes } minutes.
    }
of-organisation = The server says: signed in with your organisation.
of-elsewhere = The server says: not signed in here, so a guest or from elsewhere.
lobby-by-link = Has the invite link. The name is their own choice.
lobby-by-invite-of = Has the personal link that you made for “{ $name }”.
lobby-by-invite = Has a personal link that another host made.
lobby-by-void-invite = Has a personal link that does not hold: over, taken back, or in use.
lobby-not-personal = Needs a personal link to come in
passcode-proof-proven = Proved the passcode
passcode-proof-failed = Wrong passcode
passcode-proof-wanted = Passcode not proven yet
admitting = Letting in…
admit = Admit
admit-name = Admit { $name }
deny = Deny
deny-name = Deny { $name }
admit-all = Admit all ({ $count })
menu-of = Options for { $name }
action-pin = Pin
action-unpin = Unpin
action-spotlight = Spotlight for everybody
action-spotlight-end = End the spotlight
action-ask-to-speak = Ask to unmute
action-rights = What they may do…
action-send-back = Send back to the lobby
action-mute = Mute microphone
action-camera-off = Turn camera off
action-screen-off = Stop screen share
action-allow-share = Allow to share a screen
action-forbid-share = Take back the right to share
action-mute-all = Mute all
action-make-host = Make host
action-remove = Remove from meeting
roster-microphone-on = Microphone on
roster-microphone-off = Microphone off
roster-camera-on = Camera on
roster-camera-off = Camera off
roster-sharing = Sharing a screen
roster-hand = Hand raised
people-hosts =
    { $count ->
        [one] { $count } host
       *[other] { $count } hosts
    }
people-guests =
    { $count ->
        [one] { $count } guest
       *[other] { $count } guests
    }
people-verified = all verified
people-unverified = { $count } not verified yet
person-unverified = Not verified yet
# Beside a name that can be taken for somebody else's.
name-alike = Same name as another
name-alike-note = { $name } has the same name as another person here, or one that looks like it. Only the mark of a host shows who is host.

rights-of = What { $name } may do
rights-role = Role
rights-each = Each right
rights-note = It holds at once, on every device, and whatever the server says. Nobody's microphone or camera is switched on by it.
role-presenter = Presenter
role-presenter-note = Takes part, and may share a screen.
role-participant = Participant
role-participant-note = Takes part: microphone, camera and chat.
role-attendee = Attendee
role-attendee-note = Sees and hears only.
right-microphone = Microphone
right-camera = Camera
right-screen = Share a screen
right-chat = Write in the chat
right-suspended = Not while activities are suspended.
right-hosts-only = The meeting's policy leaves this to hosts only.
without-microphone = No microphone
without-camera = No camera
without-screen = No screen
without-chat = No chat

speak-request = A host asks you to unmute.
speak-request-by = { $name } asks you to unmute.
speak-accept = Unmute
speak-decline = Not now


## Knock

knock-title =
    { $count ->
        [one] Somebody asks to come in
       *[other] { $count } people ask to come in
    }

## Chat

chat = Chat
chat-empty = Nothing was said yet
chat-empty-note = What is written here is end-to-end encrypted and kept by nobody. It is gone when you leave.
chat-input = Write to everybody
chat-send = Send
chat-below = New messages
chat-left =
    { $count ->
        [one] { $count } character left
       *[other] { $count } characters left
    }
chat-over =
    { $count ->
        [one] { $count } character too many
       *[other] { $count } characters too many
    }
chat-offline = You can send again when you are connected.
chat-unread =
    { $count ->
        [one] { $count } new message
       *[other] { $count } new messages
    }

## Security

security = Security
security-standing = How things stand
encryption-verified = Verified
encryption-pending = Verifying
encryption-failed = Check failed
locked = Locked
unlocked = Open

security-verified =
    { $count ->
        [one] Only you are here.
       *[other] { $hosts ->
            [one] { $count } people, all verified by the host.
           *[other] { $count } people, all verified by the hosts.
        }
    }
security-verified-note = Only the devices of these people can open sound, picture and chat.
security-pending = Verifying who is here.
security-pending-note = Nothing is sent before every device is verified.
security-failed = Something here could not be verified.
security-failed-note = It was refused. Nothing is sent while it is not certain who can open it.
security-strangers =
    { $count ->
        [one] The server lists { $count } connection that no host let in. It has no keys, so it hears and sees nothing, and it is not shown.
       *[other] The server lists { $count } connections that no host let in. They have no keys, so they hear and see nothing, and they are not shown.
    }

alarm-admission = The server passed on a change that nobody had the right to make. Your device refused it, so it let nobody in.
alarm-fork = The server shows you another meeting than it shows the host. You may be cut off from some of the people.
alarm-handshake = The server passed on a message of the group that is damaged or does not belong here. It was refused.
alarm-wrong_group = The server offered a group that the hosts do not certify. Your device did not join it.
alarm-certificate = A host asks for a countersignature under a certificate that says something else than your device saw. Your device does not sign it.
difference-controls = Other controls held.
difference-floor = The organisation demanded something else.
difference-group = It is of another group.
difference-hosts = There were more or fewer hosts.
difference-lock = The meeting was locked at another time.
difference-log = The meeting's log is another one.
difference-policy = The hosts had signed another policy.
difference-rights = Members had other rights.
difference-suspension = The meeting was suspended at another time.
difference-time = Something changed at another time.
alarm-rule = Rule { $rule }.
alarm-count = Noticed { $count } times.
alarm-advice-title = What to do:
alarm-advice = say nothing confidential here. Tell the host another way, leave, and come back. If it happens again, tell the person who runs the server: it does not keep to the protocol, or somebody tampers with it.

suspend = Suspend all activities
suspend-on = Participants can see and hear hosts, and do nothing else.
suspend-off = Stops every microphone, camera, screen and chat but the hosts'.
suspended = Activities are suspended
suspended-lead = Until a host lets you go on, only hosts can speak, show and write.
policy = Policy of this meeting
policy-lead = Signed by a host. Your device and everybody else's keep to it, whatever the server says.
policy-lead-host = You sign what you choose here. Every device keeps to it, whatever the server says.
policy-floor = Your organisation demands this much.
policy-sources = Demanded by: { $sources }.
policy-demanded-by = { $advisory } of { $publisher } demands it here.
policy-demanded-hidden = An advisory that is not public demands it here.
policy-always = { $count ->
    [one] One control holds always
   *[other] { $count } controls hold always
  }
control-unlimited = Not by itself
control-minutes = { $count ->
    [one] After one minute
   *[other] After { $count } minutes
  }
control-meet-id-fresh = Fresh id and secret
control-meet-id-fresh-note = Every meeting has an id of 160 random bits and a secret of its own.
control-meet-pass-required = To be let in one needs
control-meet-pass-required-link = The link and a host's consent
control-meet-pass-required-passcode = The link, the passcode and a host's consent
control-meet-lobby-on = People are let in by
control-meet-lobby-on-host_or_rule = A host, or a rule the host has set
control-meet-lobby-on-host = A host, each one by hand
control-meet-host-first = Nothing without a host
control-meet-host-first-note = No key exists before a host comes, and who was early is let in one by one.
control-meet-share-host = Screens are shared by
control-meet-share-host-everyone = Everybody
control-meet-share-host-granted = Hosts, and those a host allows
control-meet-share-host-hosts = Hosts only
control-meet-control-off = No remote control
control-meet-control-off-note = Nobody can act on your device, and nothing can switch on your microphone or camera but you.
control-meet-removed-ban = Removed means gone
control-meet-removed-ban-note = Who is removed is banned by key, and by account where they were signed in, until a host lifts that, and everybody else gets new keys at once.
control-meet-file-off = No file transfer
control-meet-file-off-note = Files cannot be sent in a meeting.
control-meet-chat-safe = Messages to all are written by
control-meet-chat-safe-everyone = Everybody
control-meet-chat-safe-hosts = Hosts only
control-meet-chat-safe-nobody = Nobody
control-meet-lock-auto = The meeting locks
control-meet-rec-restrict = No recording
control-meet-rec-restrict-note = There is no recording function, on the server or in the page.
control-meet-transcript-restrict = No transcript
control-meet-transcript-restrict-note = Nobody's words are turned into text.
control-meet-end-all = A host who leaves
control-meet-end-all-hand_over = Ends the meeting or hands it over
control-meet-end-all-end_only = Ends the meeting
control-meet-mute-entry = Who comes in has on
control-meet-mute-entry-chosen = What they chose before
control-meet-mute-entry-muted = No microphone
control-meet-mute-entry-muted_and_dark = No microphone and no camera
control-meet-e2ee-required = Cipher suites
control-meet-e2ee-required-any_suite = Any, always end-to-end encrypted
control-meet-e2ee-required-hybrid = Hybrid only, also against quantum computers
control-meet-ident-verified = Everybody is verified
control-meet-ident-verified-note = Each person in the list holds a key that a host has signed.
control-meet-leg-min = No unencrypted leg
control-meet-leg-min-note = No telephone and no gateway can be connected.
control-org-mfa = Meetings are made by
control-org-mfa-creation_key = Who has the server's creation key
control-org-mfa-strong = Who has signed in with a passkey
control-org-hostmgmt-default = Hosts can moderate
control-org-hostmgmt-default-note = Every means of moderation is always there.
control-org-no3p = No third parties
control-org-no3p-note = The page asks nobody but its own server for anything.
control-org-erase = Erased at the end
control-org-erase-note = What the server keeps of a meeting is erased when it ends.
control-org-audit = Audit log
control-org-audit-note = What accounts and administrators did stands in a log that cannot be changed unseen. Nothing that is said in meetings is in it.
control-org-client-floor = People come in by
control-client-any = Any client
control-client-floor = Clients from number { $number } on
control-org-external = Takes part
control-org-external-anyone = Anybody whom a host lets in
control-org-external-members = Only who is signed in with the organisation
control-org-link-private = Comes in by
control-org-link-private-shared = The meeting's link, or a personal one
control-org-link-private-personal = A personal link only
rules = Rules in force
lock = Lock the meeting
lock-on = Nobody new is let in. Who is in can come back.
lock-off = Who has the link can ask to come in. A host decides.
passcode-none-note = None. The link alone is enough to ask.
passcode-set-note = Tell it another way than the link.
passcode-disabled-note = Switched off
passcode-disabled = Too many wrong tries. Nobody can prove the passcode until you set a new one.
passcode-add = Add
passcode-renew = Set a new passcode
passcode-new = New passcode
passcode-another = Another one by chance
passcode-short = Use at least six letters or digits.
passcode-admits = Let in who knows it
passcode-admits-note = Without asking you each time.
passcode-mail = Who was invited by mail proves it too. Their mail lacks the link's secret; your device tells it to them then.
passcode-mail-shut = Take nobody by mail
passcode-set = Set passcode
passcode-change = Change
passcode-remove = Remove
passcode-wrong-count =
    { $count ->
        [one] { $count } wrong try so far
       *[other] { $count } wrong tries so far
    }

code = Verification code
code-how = Read it to each other. If it is the same for everybody, you are all in the same meeting with the same people, and nobody sits in between.
code-root = Fingerprint of the meeting
code-changes = The code changes when somebody comes or goes. The fingerprint stays.

known = Who can hear and see
known-creator = Made this meeting
known-manual = Let in by a host
known-passcode = Proved the passcode
known-rule = Let in by a host's rule
known-invite = Invited with a host's signature
known-unnamed = Has not said a name yet
known-away = Not connected now
known-all = Show all { $count }

banned = Removed from this meeting
banned-lead = They stay out, by the key of their device, until a host lets them ask again.
banned-lead-host = They stay out, by the key of their device and, where they were signed in, by their account. Lift the ban to let somebody ask again; you still decide whether they come in.
banned-unnamed = Somebody whose name this device does not know
ban-lift = Lift ban
ban-lift-of = Lift the ban on { $name }

log = Log of this meeting
log-what = What was decided and when, signed by this device: no names, nothing that was said. Anybody can check the file with sabha-client verify.
log-save = Save the log

certificate = Certificate of this meeting
certificate-what = Says which controls held, from when to when, and what was changed: no names, nothing that was said. This device signs it, and who is here can countersign what their own device saw.
certificate-what-host = Says what your own device saw since it came: which controls held, from when to when, and what was changed. It does not keep the meeting's log. This device signs it, and who is here can countersign what their own device saw.
certificate-full = Nothing is written down any more since { $time }: so many changes are all that fits. What is certified ends there.
certificate-limits = It proves what devices signed, not who held them. Anybody can check the file with sabha-client verify.
certificate-make = Make a certificate
certificate-again = Make a new one
certificate-made = Made, up to { $time }.
certificate-count = { $count ->
    [0] Nobody has countersigned yet.
    [one] One device has countersigned.
   *[other] { $count } devices have countersigned.
  }
certificate-alone = It was not offered to the others: you were not connected.
certificate-save = Save the certificate
certificate-offered = { $name } certifies which controls held up to { $time }, and asks who was here to countersign.
certificate-offered-unnamed = A host certifies which controls held up to { $time }, and asks who was here to countersign.
certificate-agrees = Your device saw the same while you were here. Countersigning adds its key for this meeting and from when to when you were here; no name.
certificate-countersign = Countersign
certificate-countersigned = Your device has countersigned it.
certificate-differs = It says something else than your device saw, so your device does not sign it. What differs stands at the top.
certificate-unclear = Your device does not know enough to compare it yet.

protected = What is protected
protected-content = What you say and show.
protected-content-how = Sound, picture, screens, chat and names are encrypted on your device and opened only on the devices above. The server passes them on and can neither read nor change them.
protected-door = The door.
protected-door-how = Nobody is in the meeting without the signature of a host's device. Your device checks that itself, so a server that breaks the rules cannot add anybody.
protected-later = What comes later.
protected-later-how = The keys change when somebody leaves or is removed. Who is gone can open nothing that is sent afterwards.
protected-passcode = The passcode.
protected-passcode-how = It is proven from device to device. The server never learns it.
open = What is not
open-page = This page.
open-page-how = It came from the server. Whoever controls the server could hand out a page that cheats.
open-traffic = That you meet.
open-traffic-how = The server sees who connects, from where, when, and how much is sent.
open-ends = The other end.
open-ends-how = Nothing stops somebody in the meeting from filming their screen or letting others listen.
open-insider = Somebody here who works with the server.
open-insider-how = Together they could pass off a sound or picture as another person's.
suite = Methods
suite-x_wing = Group keys: MLS (RFC 9420) with X-Wing (X25519 and ML-KEM-768), AES-128-GCM, SHA-256, Ed25519. What is recorded today stays closed to a future quantum computer.
suite-classical = Group keys: MLS (RFC 9420) with X25519, AES-128-GCM, SHA-256, Ed25519.
suite-media = Sound and picture: SFrame (RFC 9605) with AES-128-GCM.
epoch = Epoch { $epoch }.

## Leave

leave-title-host = Leave the meeting
leave-end = End for everybody
leave-end-note = The meeting closes and its link stops working.
leave-only = Leave, the other hosts stay
leave-only-note = The meeting goes on.
leave-hand-over = Hand over and leave
leave-hand-over-note = Choose who becomes host.
leave-nobody = You are the last host. Nobody else is here to hand over to.

## Restricted material

material-dialog = Show TLP:RED material
material-lead = Everybody in the room reads it now, with their own name across it. Nothing of it is kept, on the server or in their browsers, and who comes later gets it while you show it.
material-limit = Nobody can copy, save or print it here. Nothing keeps somebody from photographing their screen.
material-file = A file
material-kinds = Text up to 512 kB, a CSAF advisory, or a picture (PNG or JPEG). A picture goes without what its file says of place and camera.
material-typed = Or text
material-show = Show it
material-trouble-empty = There is nothing in it.
material-trouble-too_large = It is too large. Text has at most 512 kB, a picture 2 MB.
material-trouble-unknown_type = It is neither text nor a PNG or JPEG picture.
material-title = { $name } shows this to the people in the room, and to nobody else
material-title-own = You show this to the people in the room, and to nobody else
material-label = TLP:RED material that { $name } shows, read by { $reader }
material-label-own = TLP:RED material that you show, { $reader }
material-page = TLP:RED material
material-you = You
material-note = Marked with your name, { $reader }. It goes from here when it is taken away, or when you or they leave.
material-note-own = Everybody reads it under their own name. It goes from all of them when you take it away or leave.
material-choice = Whose material is shown
material-coming = On its way: part { $done } of { $parts }
material-sending = Sent: part { $done } of { $parts }
material-unfit = What came is not what was announced, or nothing that can be shown here. It was thrown away.
material-picture = A picture
material-take-away = Take it away
material-fold = Fold TLP:RED material away
material-unfold = Read TLP:RED material
part-affected = Systems affected
part-overview = Overview
part-audience = Target audience
part-risk = Risk assessment
part-impact = Impact assessment
part-description = Description
part-solution = Solution
part-vendor = Vendor information
part-references = References
part-vulnerabilities = CVE names
part-thanks = Acknowledgements
part-contact = Contact
part-disclaimer = Disclaimer
part-revisions = Revision history
term-affected = Affected
term-investigated = Under investigation
term-not_affected = Not affected
term-fixed = Fixed
term-recommended = Recommended
term-mitigation = Mitigation
term-no_fix_planned = No fix planned
term-none_available = No fix available
term-vendor_fix = Vendor's fix
term-workaround = Workaround

## Settings

settings = Settings
settings-devices = Devices
settings-look = Appearance
settings-scheme = Colours of the room
scheme-dark = Dark
scheme-light = Light
scheme-system = Like the system

## Shortcuts

shortcuts = Keyboard shortcuts
shortcut-microphone = Microphone on or off
shortcut-camera = Camera on or off
shortcut-talk = Talk while held, when the microphone is off
shortcut-hand = Raise or lower your hand
shortcut-chat = Chat
shortcut-people = People
shortcut-share = Share a screen, or stop
shortcut-layout = Next layout
shortcut-help = This list
shortcut-escape = Close what is on top

## Banners

banner-reconnecting = Connection lost. Reconnecting, your place is kept.
banner-recovering = Restoring sound and picture.
banner-connecting = Setting up sound and picture.
banner-failed = Sound and picture do not get through. A firewall may be in the way: try another network, or ask your administrator.
banner-trouble-action = Devices
warning-failed = Something in this meeting could not be verified. It was refused, and nothing is sent while it is not certain who can open it.
warning-late = The host's device has not been heard for 10 seconds. If it stays silent, your device stops sending.
warning-lost = The host's device has not been heard for 30 seconds. Your sound and picture are stopped until it certifies again who is here.
warning-sealed = No host can be reached. You can go on, but nobody new can come in.
warning-strangers =
    { $count ->
        [one] The server lists a connection that no host let in. It can open nothing.
       *[other] The server lists { $count } connections that no host let in. They can open nothing.
    }
warning-details = Details

## Notices

notice-refused = Not possible: { $why } (rule { $rule })
notice-muted-microphone = { $name } muted your microphone.
notice-muted-camera = { $name } turned your camera off.
notice-muted-screen = { $name } stopped your screen share.
notice-joined = { $name } joined.
notice-left = { $name } left.
notice-removed = { $name } was removed.
notice-sent_back = { $name } was sent back to the lobby.
notice-attendee = A host made you an attendee: you see and hear, and speak and write nothing.
notice-participant = A host lets you speak and write again. What was on is off until you switch it on.
notice-presenter = A host lets you share your screen.
notice-spotlight = A host put you in the spotlight: everybody sees you large.
notice-right_taken-microphone = A host has taken your right to speak.
notice-right_taken-camera = A host has taken your right to show your camera.
notice-right_taken-screen = A host has taken your right to share a screen.
notice-right_taken-chat = A host has taken your right to write in the chat.
notice-right_given-microphone = You may speak again.
notice-right_given-camera = You may show your camera again.
notice-right_given-screen = You may share your screen.
notice-right_given-chat = You may write in the chat again.
notice-knocked = { $name } asks to come in.
notice-recovered = You are connected again.
notice-locked = The meeting is locked. Nobody new is let in.
notice-suspended = A host suspended all activities
notice-unsuspended = Activities go on. What was on is off until you switch it on.
notice-unlocked = The meeting is open again. Who has the link can ask to come in.
notice-chat = { $name } wrote in the chat.
notice-hand = { $name } raised a hand.
notice-alarm = Your device refused something that is not allowed in this meeting. See Security.
notice-guessed = Somebody guesses at the passcode. See Security.
notice-passcode_off = Too many wrong tries: the passcode opens nothing until you set another. You can still let people in by hand. See Security.
notice-material = { $name } shows TLP:RED material, in this room only. It is marked with your name.
notice-material_gone = { $name } shows TLP:RED material no more.
notice-certificate = A host asks for your countersignature under the meeting's certificate. See Security.
notice-draining = The server restarts soon. You will be reconnected.
notice-made_host = You are a host now.
notice-made_host-by = { $name } made you a host.
notice-somebody = Somebody
notices = Messages

rule-room-host-only = Only a host may do this.
rule-room-entry-admitted = Nobody enters without being let in by a host.
rule-room-entry-link = The meeting does not exist, has ended, or the link is not complete.
rule-room-entry-removed = Who was removed from the meeting stays out until a host lifts the ban.
rule-room-entry-sent_back = Who was sent back to the lobby is let in anew.
rule-room-entry-invite = Your personal link does not let you in now: it is used up, over or taken back, or a host lets everybody in by hand. A host is asked.
rule-room-invites = You have 32 personal links. Take one back before you make another.
rule-red-material = Only text, advisories and pictures can be shown as TLP:RED, and none that are too large.
rule-room-locked = The meeting is locked. Nobody new is let in until a host unlocks it.
rule-mls-epoch = Somebody else changed the meeting at the same moment. Try again.
rule-mls-admission = Nobody may change who is in the meeting in this way.
rule-mls-missed = Too much happened while you were away. Joining anew.
rule-room-entry-device = This device could not show that its key is its own. Reload the page.
rule-room-entry-cooldown = The host did not let you in. Wait a moment before you ask again.
rule-room-lobby-full = Too many people are waiting. Try again in a moment.
rule-room-full = The room is full.
rule-room-resume-window = Your place was not kept long enough. Ask to come in again.
rule-room-host-last = The last host ends the meeting or hands it over before leaving.
rule-room-present = This person is no longer here.
rule-room-target = This cannot be done to this person.
rule-meet-pass-required = Everybody has to prove the passcode before being let in.
rule-meet-lobby-on = A host lets everybody in by hand.
rule-meet-share-host = Only hosts share a screen here. Ask a host for the right to.
rule-meet-chat-safe = Only hosts write to all here.
rule-meet-lock-auto = The meeting has locked by itself. Nobody new is let in.
rule-meet-end-all = A host of this meeting ends it for everybody and does not leave it.
rule-org-mfa = Sign in with a passkey to start meetings here.
rule-org-policy-floor = The meeting's policy is looser than your organisation demands.
rule-org-client-floor = Your client is too old for this meeting. Reload the page, or update the client.
rule-org-external = Only people of the organisation take part. Sign in with your account on this server, then open the link again.
rule-org-link-private = Only personal links let anybody in here. Ask a host for a link of your own.
rule-room-source = A host has taken the right to do this.
rule-room-suspended = A host has suspended all activities. You can go on when they are resumed.
rule-wire-order = The server did not expect this now. Reload the page.
rule-wire-form = The server did not understand this. Reload the page.
rule-wire-rate = Too many requests. Wait a moment.
rule-limit-network = Too much comes from your network at the moment. Wait a moment.
rule-limit-lobby = As many people from your network wait as may. Try again soon.
rule-limit-knocks = Too many knocks from your network. Wait a minute.
rule-limit-passcodes = Too many wrong passcodes came from your network. Ask the host to let you in, or try again in some minutes.
rule-limit-credentials = Too many wrong credentials from your network. Wait a minute.
rule-limit-mails = You have had as many mails sent in a day as one account may. Try again tomorrow.
rule-limit-account = You have made as many meetings in a minute as one account may. Wait a minute.
rule-media-offer = The server cannot use what this browser sends. Update the browser.
rule-server-capacity = The server takes nothing new now. Try again later.
rule-server-create = This device may not start meetings here.
rule-server-storage = The server could not save this. Nothing was changed.

## The end

ended-denied = The host did not let you in
ended-denied-lead = You can ask again, or contact the host another way.
ended-denied-by = { $name } did not let you in
ended-removed = You were removed from the meeting
ended-removed-by = { $name } removed you from the meeting
ended-removed-lead = You stay out until a host lifts the ban. Then you can ask to come in again.
ended-ended = The meeting has ended
ended-ended-by = { $name } ended the meeting for everybody
ended-ended-lead = Its link no longer works.
ended-policy = The meeting was ended by policy
ended-policy-lead = Your organisation now demands more than this meeting could be brought to.
ended-left = You left the meeting
ended-left-lead = It goes on without you. You can ask to come in again.
ended-link_unknown = There is no meeting behind this link
ended-link_unknown-lead = It has ended, or the link is not complete. Ask the host for the whole link.
ended-full = The room is full
ended-full-lead = Somebody has to leave first. You can try again in a moment.
ended-personal_link = You need a link of your own
ended-personal_link-lead = This meeting takes personal links only, and the one that came by mail is not personal. Ask the host for a link of your own (rule ORG.LINK.PRIVATE).
ended-not_let_in = By this meeting's policy you cannot come in
ended-not_let_in-lead = It takes others, or another client.
ended-lobby_share = Many people from your network are waiting
ended-lobby_share-lead = So that nobody can fill the lobby, one network has only part of it. Try again once the host has let some in (rule LIMIT.LOBBY).
ended-too_often = Too many tries from your network
ended-too_often-lead = So that nobody can flood a meeting, one network may knock and connect only so often. Wait a minute, then try again (rule LIMIT.KNOCKS).
ended-no_encryption = This browser cannot encrypt the meeting
ended-no_encryption-lead = Sabha sends nothing that others could read, so it does not connect. Use a current Chromium, Firefox or Safari.
ended-server_gone = The server cannot be reached
ended-server_gone-lead = The connection was lost for too long to keep your place. Check your network, then try again.
ended-place_lost = Your place was not kept
ended-place_lost-lead = You were away for more than a minute. Ask to come in again.
ended-replaced = You are in this meeting in another window
ended-replaced-lead = Sound and picture moved there.
ended-abandoned = The meeting has ended
ended-abandoned-lead = Nobody was in the room for a quarter of an hour.
ended-too_slow = Your connection was too slow
ended-too_slow-lead = Messages from the meeting piled up and the server closed the connection. Try again, or try another network.
ended-locked = The meeting is locked
ended-locked-lead = Nobody new is let in. Ask the host to unlock it, then try again.
ended-misbehaved = The server closed the connection
ended-misbehaved-lead = This page sent something the server does not accept. Reload it and try again.
ended-server_stopping = The server is restarting
ended-server_stopping-lead = Nobody ended the meeting. Try again in a moment.
ended-action-home = To the start page
ended-action-ask = Ask again
ended-action-rejoin = Join again
ended-action-here = Use this window
