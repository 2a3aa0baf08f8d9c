# Words of the bulletin's desk. Short, direct, the reader's verb first.

bulletin = Bulletin
public = Read what is for everybody
loading = Loading…
saved = Saved
cancel = Cancel
rule = rule

## Frame

nav = Pages
nav-inbox = Documents
nav-new = Write
nav-import = Import
nav-incidents = Incidents
nav-people = Who takes part
nav-notices = Being told
nav-public = For everybody
sign-out = Sign out
of-none = You are of no member organisation, so you see what is for everybody. An administrator can add you.

## List

inbox-title = Documents
inbox-count = { $count ->
    [one] One document
   *[other] { $count } documents
}
inbox-none = Nothing is published for you yet.
inbox-none-write = There is nothing yet. Write the first document.
inbox-none-found = Nothing fits. Search for fewer words, or take a filter away.
feed = Your own feed
feed-lead = For programs that read news: whoever has its address reads the titles of what you may read.
feed-make = Make an address
feed-ready = The address of your feed
feed-since = There is one since
feed-remove = Take it back
feed-remove-ask = Have this address lead nowhere?
feed-removed = The address leads nowhere now.
inbox-more = Show older ones
search = Search
words = Words
every-kind = Every kind
every-label = Every label
every-state = Every state
narrow = Narrow the list
year = Year
title = Title
kind = Kind
label = Label
state = State
owner = Owner
changed = Changed

kind-advisory = Advisory
kind-alert = Alert
kind-incident_report = Incident report
kind-indicator_set = Indicators
kind-information_request = Request for information
kind-vulnerability_note = Vulnerability note
stage-draft = Draft
stage-review = In review
stage-approved = Approved
stage-interim = Interim
stage-final = Final
withdrawn = Withdrawn
tlp-clear = To the world: everybody may read it and pass it on.
tlp-green = To the member organisations; not to the public.
tlp-amber = To those who need to know, in your organisation and at its clients.
tlp-amber-strict = To those who need to know, in your organisation only.
tlp-red = To you, and to nobody else.

## A document

number = Number
original = Original issue date
updated = Last updated
severity = Severity
version = Version
status = Status
by = Issued by
severity-none = None
severity-low = Low
severity-medium = Medium
severity-high = High
severity-critical = Critical
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
withdrawn-note = Its owner has withdrawn this document. Do not act on it.
older = This is an older revision.
newest = Read the newest one
no-revision = There is no such revision for you.
next = What is next
step-submit = Submit for review
step-return = Give back to be written on
step-approve = Approve
step-publish_interim = Publish as interim
step-publish_final = Publish as final
step-withdraw = Withdraw
stepped-submit = Submitted. A reviewer who has not written in it looks at it now.
stepped-return = It is a draft again.
stepped-approve = Approved. A publisher can publish it.
stepped-publish_interim = Published, with more to come.
stepped-publish_final = Published.
stepped-withdraw = Withdrawn. It stays readable and is marked.
withdraw-ask = Withdraw “{ $title }”?
edit = Write on
begin = Begin another revision
files = As a file
file-json = CSAF 2.0 (JSON), byte for byte
copy-document = Begin a document with this text
print = Print
profile = A policy for meetings
profile-lead = { $title }, revision { $revision }, by { $issuer }.
profile-apply = Apply as policy
profile-withdrawn = It is withdrawn, and can be applied no more.
profile-what = What it asks of meetings, for machines: whoever keeps the policy of a server can apply it with one click.
profile-key = Signed with the key
profile-file = The signed file
profile-choose = Put in a signed profile
profile-replace = Put in another
profile-note = A file that “sabha policy sign” has signed, at most 256 KiB.
profile-put = The policy is in the draft.
profile-take-out = Take out
profile-take-out-ask = Take the policy out of the draft?
profile-taken-out = The draft has no policy now.
audience = For whom
red-room = In a meeting
red-room-note = To those in a room only: take the CSAF file, and press TLP:RED below the stage of a meeting. Each reads it there with their own name across it, and nothing of it is kept.
unnamed = Somebody you may not see
revisions = Revisions
revision-number = Revision { $number }
compare = Compare with
compare-none = Nothing
compare-same = Nothing that is shown differs.
head = Head
attachments = Attachments
attach = Attach a file
attach-note = CSV, JSON, JPEG, PDF, PNG, plain text or ZIP, at most 4 MiB.
attached = { $name } is attached.
detach = Take away
detach-ask = Take { $name } away?
detached = { $name } is taken away.
kilobytes = { $count } kB
comments = Comments
comment = Your comment
comment-go = Comment
commented = Said.
nobody = Somebody whose account is gone
acknowledge = Your organisation's answer
acknowledge-lead = In the name of your organisation. The owner sees it.
said-seen = Seen
said-applied = Applied
said-not_affected = Not affected
acknowledged = The owner is told: { $what }.
acknowledged-none = No organisation has answered yet.
organisation = Organisation
clients = Let a client read it
clients-lead = TLP:AMBER may go to clients who need to know.
client = Client
client-none = There is no other organisation
client-grant = Let them read
client-granted = { $name } may read this revision.

## Writing

write-new = Write a document
write-edit = Write on a document
write-views = Views
view-form = Form
view-text = Text
view-preview = Preview
text-lead = All of the document. What the form does not show stays as it is here.
not-json = This is not JSON yet. Put it right in the text; the form waits.
check-errors = { $count ->
    [one] One thing to put right before it can be submitted.
   *[other] { $count } things to put right before it can be submitted.
}
check-valid = Valid CSAF 2.0.
unsaved = Not saved.
save-draft = Save draft
draft-saved = The draft is saved.
findings = What the check found
findings-more = { $count } more.
weight-error = Error
weight-warning = Warning
weight-information = Note
write-what = What it is
template = Begin with
template-blank = An empty document
template-meetings = The nine points for video meetings
noticed = Noticed
noticed-hint = The clock runs from then on: six hours until the report is published.
to-document = Show as readers see it
write-head = Head
write-text = What it says
write-text-lead = Leave a field empty, and its section is not there.
write-publisher = Who says it
write-revision = This revision
language = Language
category = Category of CSAF
status-final = Final: nothing more is expected
status-interim = Interim: more is to come
status-draft = Draft: cannot be published
severity-none-said = Not said
products-hint = One product and version a line.
list-hint = Lines that begin with a dash are a list.
reference-summary = What it is
reference-url = Address (https)
reference-add = Add a reference
row-remove = Remove
row-remove-of = Remove { $name }
vulnerability-fix = Vendor's fix
vulnerability-add = Add a CVE
vulnerability-more = Products, remedies and scores of { $name }
statuses = Which products
for-products = For these products
remedies = What to do
remedy-add = Add a remedy
remedy-details = What to do
scores = How severe (CVSS)
score-add = Add a score
score-version = Version of CVSS
score-other = This score has a form that only the text shows.
score-temporal = Temporal
score-environmental = Environmental
score-open = Not defined
score-choose = Choose a value of each metric, and the score follows.
products = Products for machines
products-lead = A row for each version. By CPE and package URL readers find it in what they run.
products-vendor = Vendor
products-name = Product
products-says = It is
products-one = One version
products-range = A range of versions
products-new = New product
product-add = Add a product
namespace = Address of the publisher
revision-summary = What is new in it
date = Date (UTC)
date-now = Set to now
marking-persons = Persons who may read it
marking-groups = Groups
marking-organisations = Organisations
marking-green = Name nobody, and every member organisation reads it.

## Importing

import-title = Import a document
import-choose = Choose a file, or drop one here
import-note = CSAF 2.0, a bundle of STIX 2.1, an event of MISP, plain text or a page of HTML; at most 4 MiB. Nothing is stored before you save.
import-made = The draft
import-left-out = What could not be taken over
import-all = Everything is in the draft.
import-no-label = It names no label of TLP. Until you choose one, it is for your own organisation only.
import-open = Write on

## Incidents

incidents-title = Incidents
incidents-lead = An incident is reported within six hours from when it was noticed. The clock stops when the report is published.
incidents-none = Your organisation has no incidents, and handles none.
incident-report = Report an incident
incident-untitled = Incident report
incident-status = Handling
incident-not-yours = It is in the hands of another organisation.
due = Report until
hands = In the hands of
hand-over = Hand over
hand-over-later = It can be handed over once its report is published.
handed-over = { $name } handles it now.
person = Person
nobody-named = Nobody in particular
status-open = Not begun
status-handling = Being handled
status-contained = Contained
status-closed = Closed
clock-running = Running:
clock-overdue = Overdue:
clock-in_time = Reported in time:
clock-late = Reported late:
clock-left = { $hours } h { $minutes } min left
clock-over = overdue by { $hours } h { $minutes } min

## Who takes part

people-title = Who takes part
people = People
people-lead = What somebody may do holds from their next request on.
people-search = Search by name or organisation
name = Name
roles = Roles
roles-of = Roles of { $name }
role-author = Author
role-reviewer = Reviewer
role-publisher = Publisher
role-administrator = Administrator
role-member = Member
role-auditor = Auditor
member-add = Take in
member-added = Taken in.
member-changed = Roles of { $name } are changed.
member-remove = Remove
member-remove-ask = Take { $name } out of the organisation?
member-removed = { $name } is of no organisation now.
organisations = Organisations
organisations-lead = A name that was once taken stays taken: documents keep it.
organisation-name = Name of the organisation
organisation-add = Add
organisation-added = { $name } takes part.
organisation-remove = Remove
organisation-remove-ask = Have { $name } leave? Its people leave with it, its documents stay.
organisation-removed = { $name } has left.
groups = Sharing groups
groups-lead = What is for a group is read by the organisations in it, also what was shared before they came.
group-name = Name of the group
group-organisations = Organisations in { $name }
group-add = Make the group
group-added = { $name } is there.
group-changed = { $name } is changed.

## Being told

alerts = Urgent, and nobody of your organisation has said anything yet
alerts-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
alerts-dismiss = Seen

notices-title = Being told
notices-mail = By mail
notices-mail-lead = Of what you may read, to { $address }. A mail says less the narrower the label is; of TLP:RED only that something is there.
notices-no-mail = This server sends no mail.
notices-no-address = Your account has no address. An administrator can add one.
notices-mode = When
mode-none = Never
mode-immediate = As soon as something is published
mode-digest = Once a day
notices-hour = At this hour (UTC)
notices-severity = Only from this severity on
notices-any = All, also without a severity
notices-publishers = Only of these organisations
notices-publishers-note = None chosen: of all.
notices-save = Save
notices-saved = Saved. That is how you are told from now on.
untold-address = The last thing could not be told: your account has no address.
untold-key = The last thing could not be told: nothing can be encrypted to your key any more. Give a newer one.
untold-mail = The last thing could not be told: the mail server did not take it.
key = Encrypted mail
key-lead = With your OpenPGP public key your mails are encrypted to you, and those of TLP:AMBER name the title.
key-none = You have given no key.
key-shown = Your key
key-until = It encrypts until
key-ended = This key encrypts no more. What needs encryption is not sent to you.
key-paste = Public key, beginning with -----BEGIN PGP PUBLIC KEY BLOCK-----
key-give = Use this key
key-given = Your mails are encrypted to this key from now on.
key-remove = Take it back
key-remove-ask = Have mails sent to you unencrypted?
key-removed = Your mails are not encrypted any more.
hooks = Webhooks of your organisation
hooks-lead = A server of yours is told of what your organisation may read. Each delivery is signed with the secret of its webhook.
hooks-none = There is no webhook.
hooks-url = Address (https)
hooks-add = Add
hooks-added = Added.
hooks-secret = The secret of this webhook. It is not shown again.
hooks-remove = Remove
hooks-remove-ask = Remove { $url }?
hooks-removed = Removed.
hooks-retry = Try now
hooks-retried = All that waits is tried now.
hooks-delivered = Delivered last
hooks-never = Nothing delivered yet
hooks-waiting = { $count ->
    [one] One waits
   *[other] { $count } wait
}
hooks-given-up = { $count ->
    [one] One was given up
   *[other] { $count } were given up
}
hooks-trouble = The last try failed:
