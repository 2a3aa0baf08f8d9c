# اردو: بلیٹن کے سارے الفاظ۔

bulletin = بلیٹن
public = جو سب کے لیے ہے وہ پڑھیں
loading = لوڈ ہو رہا ہے…
saved = محفوظ ہو گیا
cancel = منسوخ کریں
rule = قاعدہ

nav = صفحات
nav-inbox = دستاویزات
nav-new = لکھیں
nav-incidents = واقعات
nav-people = شرکا
nav-notices = اطلاعات
nav-public = سب کے لیے
sign-out = سائن آؤٹ
of-none = آپ کسی رکن ادارے میں نہیں، اس لیے آپ کو وہی دکھتا ہے جو سب کے لیے ہے۔ کوئی منتظم آپ کو شامل کر سکتا ہے۔

inbox-title = دستاویزات
inbox-count = { $count ->
    [one] ایک دستاویز
   *[other] { $count } دستاویزات
}
inbox-none = آپ کے لیے ابھی کچھ شائع نہیں ہوا۔
inbox-none-write = ابھی کچھ نہیں۔ پہلی دستاویز لکھیں۔
inbox-none-found = کچھ نہیں ملا۔ کم الفاظ سے تلاش کریں، یا کوئی چھلنی ہٹائیں۔
feed = آپ کی اپنی فیڈ
feed-lead = خبریں پڑھنے والے پروگراموں کے لیے: جس کے پاس اس کا پتہ ہو، وہ ان دستاویزات کے عنوان پڑھتا ہے جو آپ پڑھ سکتے ہیں۔
feed-make = پتہ بنائیں
feed-ready = آپ کی فیڈ کا پتہ
feed-since = ایک پتہ ہے، کب سے:
feed-remove = واپس لیں
feed-remove-ask = کیا یہ پتہ اب کہیں نہ لے جائے؟
feed-removed = یہ پتہ اب کہیں نہیں لے جاتا۔
inbox-more = پرانی دکھائیں
search = تلاش کریں
words = الفاظ
every-kind = ہر قسم
every-label = ہر نشان
every-state = ہر حالت
title = عنوان
kind = قسم
label = نشان
state = حالت
owner = مالک
changed = تبدیلی

kind-advisory = ہدایت
kind-alert = انتباہ
kind-incident_report = واقعے کی رپورٹ
kind-indicator_set = علامات
kind-information_request = معلومات کی درخواست
kind-vulnerability_note = کمزوری کی اطلاع
stage-draft = مسودہ
stage-review = جائزے میں
stage-approved = منظور شدہ
stage-interim = عبوری
stage-final = حتمی
withdrawn = واپس لی گئی
tlp-clear = سب کے لیے: ہر کوئی پڑھ اور آگے پہنچا سکتا ہے۔
tlp-green = رکن اداروں کے لیے؛ عوام کے لیے نہیں۔
tlp-amber = جنہیں جاننا ضروری ہے، آپ کے ادارے میں اور اس کے گاہکوں میں۔
tlp-amber-strict = جنہیں جاننا ضروری ہے، صرف آپ کے ادارے میں۔
tlp-red = صرف آپ کے لیے۔

number = نمبر
original = اصل تاریخِ اجرا
updated = آخری تازہ کاری
severity = شدت
version = نسخہ
status = حالت
by = جاری کنندہ
severity-none = کوئی نہیں
severity-low = کم
severity-medium = درمیانی
severity-high = زیادہ
severity-critical = انتہائی سنگین
part-affected = متاثرہ نظام
part-overview = خلاصہ
part-audience = کس کے لیے
part-risk = خطرہ
part-impact = اثر
part-description = تفصیل
part-solution = حل
part-vendor = بنانے والے کی معلومات
part-references = حوالہ جات
part-vulnerabilities = CVE نام
part-thanks = اظہارِ تشکر
part-contact = رابطہ
part-disclaimer = اعلان لاتعلقی
part-revisions = نظرثانی کی تاریخ
term-affected = متاثر
term-investigated = زیرِ تفتیش
term-not_affected = متاثر نہیں
term-fixed = درست کیا گیا
term-recommended = تجویز کردہ
term-mitigation = بچاؤ
term-no_fix_planned = درستی کا ارادہ نہیں
term-none_available = درستی دستیاب نہیں
term-vendor_fix = بنانے والے کی درستی
term-workaround = متبادل طریقہ
withdrawn-note = مالک نے یہ دستاویز واپس لے لی ہے۔ اس پر عمل نہ کریں۔
older = یہ ایک پرانی نظرثانی ہے۔
newest = تازہ ترین پڑھیں
no-revision = آپ کے لیے ایسی کوئی نظرثانی نہیں۔
next = آگے کیا
step-submit = جائزے کے لیے بھیجیں
step-return = لکھنے کے لیے لوٹائیں
step-approve = منظور کریں
step-publish_interim = عبوری شائع کریں
step-publish_final = حتمی شائع کریں
step-withdraw = واپس لیں
edit = آگے لکھیں
begin = نئی نظرثانی شروع کریں
files = فائل کی صورت میں
file-json = CSAF 2.0 (JSON)، حرف بہ حرف
copy-document = اسی متن سے نئی دستاویز شروع کریں
print = چھاپیں
audience = کن کے لیے
red-room = میٹنگ میں
red-room-note = صرف کمرے میں موجود لوگوں کے لیے: CSAF فائل لیں اور میٹنگ میں اسٹیج کے نیچے TLP:RED دبائیں۔ ہر کوئی اسے وہاں اپنے نام کے ساتھ پڑھتا ہے اور اس میں سے کچھ محفوظ نہیں ہوتا۔
revisions = نظرثانیاں
revision-number = نظرثانی { $number }
compare = اس سے موازنہ کریں
compare-none = کسی سے نہیں
compare-same = دکھائی دینے والی کسی بات میں فرق نہیں۔
head = سرنامہ
attachments = منسلک فائلیں
attach = فائل منسلک کریں
comments = تبصرے
comment = آپ کا تبصرہ
comment-go = تبصرہ کریں
commented = کہہ دیا گیا۔
acknowledge = آپ کے ادارے کا جواب
acknowledge-lead = آپ کے ادارے کے نام سے۔ مالک اسے دیکھتا ہے۔
said-seen = دیکھا
said-applied = نافذ کیا
said-not_affected = متاثر نہیں
acknowledged = مالک کو بتا دیا گیا: { $what }۔
acknowledged-none = ابھی کسی ادارے نے جواب نہیں دیا۔
organisation = ادارہ

## اطلاعات

alerts = فوری، اور آپ کے ادارے سے ابھی کسی نے کچھ نہیں کہا
alerts-more = { $count ->
    [one] اور ایک
   *[other] اور { $count }
}
alerts-dismiss = دیکھ لیا

notices-title = اطلاعات
notices-mail = ای میل سے
notices-mail-lead = جو آپ پڑھ سکتے ہیں اس کی اطلاع { $address } پر۔ لیبل جتنا محدود، ای میل میں اتنا کم؛ TLP:RED کا صرف یہ کہ کچھ ہے۔
notices-no-mail = یہ سرور ای میل نہیں بھیجتا۔
notices-no-address = آپ کے کھاتے کا کوئی پتہ نہیں۔ منتظم شامل کر سکتا ہے۔
notices-mode = کب
mode-none = کبھی نہیں
mode-immediate = کچھ شائع ہوتے ہی
mode-digest = دن میں ایک بار
notices-hour = اس وقت (UTC)
notices-severity = صرف اس شدت سے
notices-any = سب، شدت نہ بتائی ہو تب بھی
notices-publishers = صرف ان اداروں کے
notices-publishers-note = کوئی نہیں چنا: سب کے۔
notices-save = محفوظ کریں
notices-saved = محفوظ ہو گیا۔ اب سے آپ کو ایسے اطلاع ملے گی۔
untold-address = پچھلی اطلاع نہیں دی جا سکی: آپ کے کھاتے کا کوئی پتہ نہیں۔
untold-key = پچھلی اطلاع نہیں دی جا سکی: آپ کی کلید اب مرموز نہیں کرتی۔ نئی کلید دیں۔
untold-mail = پچھلی اطلاع نہیں دی جا سکی: ای میل سرور نے اسے نہیں لیا۔
key = مرموز ای میل
key-lead = آپ کی OpenPGP عوامی کلید سے آپ کی ای میلیں مرموز ہوتی ہیں، اور TLP:AMBER کی ای میلیں عنوان بتاتی ہیں۔
key-none = آپ نے کوئی کلید نہیں دی۔
key-shown = آپ کی کلید
key-until = مرموز کرتی ہے، کب تک:
key-ended = یہ کلید اب مرموز نہیں کرتی۔ جسے مرموز ہونا ہے وہ آپ کو نہیں بھیجا جاتا۔
key-paste = عوامی کلید، جو -----BEGIN PGP PUBLIC KEY BLOCK----- سے شروع ہوتی ہے
key-give = یہ کلید استعمال کریں
key-given = اب سے آپ کی ای میلیں اس کلید سے مرموز ہوں گی۔
key-remove = واپس لیں
key-remove-ask = کیا آپ کو ای میلیں مرموز کیے بغیر بھیجی جائیں؟
key-removed = آپ کی ای میلیں اب مرموز نہیں ہوتیں۔
hooks = آپ کے ادارے کے ویب ہک
hooks-lead = آپ کے ایک سرور کو اس کی اطلاع ملتی ہے جو آپ کا ادارہ پڑھ سکتا ہے۔ ہر اطلاع پر اس کے ویب ہک کے راز سے دستخط ہوتے ہیں۔
hooks-none = کوئی ویب ہک نہیں۔
hooks-url = پتہ (https)
hooks-add = شامل کریں
hooks-added = شامل ہو گیا۔
hooks-secret = اس ویب ہک کا راز۔ یہ دوبارہ نہیں دکھے گا۔
hooks-remove = ہٹائیں
hooks-remove-ask = { $url } ہٹائیں؟
hooks-removed = ہٹا دیا گیا۔
hooks-retry = ابھی آزمائیں
hooks-retried = جو باقی ہے وہ ابھی آزمایا جا رہا ہے۔
hooks-delivered = پچھلی بار پہنچا
hooks-never = ابھی کچھ نہیں پہنچا
hooks-waiting = { $count ->
    [one] ایک باقی ہے
   *[other] { $count } باقی ہیں
}
hooks-given-up = { $count ->
    [one] ایک چھوڑ دیا گیا
   *[other] { $count } چھوڑ دیے گئے
}
hooks-trouble = پچھلی کوشش ناکام رہی:
# ایک دستاویز کے ساتھ کیا کیا جائے

stepped-submit = جائزے کے لیے بھیج دی گئی۔ اب کوئی جائزہ کار اسے دیکھتا ہے جس نے اس میں نہیں لکھا۔
stepped-return = یہ پھر سے مسودہ ہے۔
stepped-approve = منظور شدہ۔ اب کوئی ناشر اسے شائع کر سکتا ہے۔
stepped-publish_interim = شائع ہو گئی، آگے اور آئے گا۔
stepped-publish_final = شائع ہو گئی۔
stepped-withdraw = واپس لے لی گئی۔ یہ پڑھی جا سکتی ہے اور نشان زدہ ہے۔
withdraw-ask = “{ $title }” واپس لیں؟
profile = اجلاسوں کے لیے پالیسی
profile-lead = { $title }، نظرثانی { $revision }، جاری کنندہ { $issuer }۔
profile-apply = پالیسی کے طور پر نافذ کریں
profile-withdrawn = یہ واپس لی جا چکی ہے اور اب نافذ نہیں کی جا سکتی۔
unnamed = کوئی، جسے آپ نہیں دیکھ سکتے
attach-note = CSV، JSON، JPEG، PDF، PNG، سادہ متن یا ZIP، زیادہ سے زیادہ 4 MiB۔
attached = { $name } منسلک کر دی گئی۔
detach = ہٹائیں
detach-ask = { $name } ہٹائیں؟
detached = { $name } ہٹا دی گئی۔
kilobytes = { $count } kB
nobody = کوئی، جس کا کھاتہ اب نہیں ہے
clients = کسی مؤکل کو پڑھنے دیں
clients-lead = TLP:AMBER ان مؤکلوں تک جا سکتا ہے جنہیں جاننا ضروری ہے۔
client = مؤکل
client-none = کوئی دوسرا ادارہ نہیں ہے
client-grant = پڑھنے دیں
client-granted = { $name } یہ نظرثانی پڑھ سکتا ہے۔
narrow = فہرست محدود کریں
year = سال

# لکھنا

write-new = دستاویز لکھیں
write-edit = دستاویز پر آگے لکھیں
write-views = مناظر
view-form = فارم
view-text = متن
view-preview = پیش نظارہ
text-lead = پوری دستاویز۔ جو فارم نہیں دکھاتا، وہ یہاں جیسا ہے ویسا رہتا ہے۔
not-json = یہ ابھی JSON نہیں ہے۔ اسے متن میں درست کریں؛ فارم انتظار کرتا ہے۔
check-errors = { $count ->
    [one] بھیجنے سے پہلے ایک بات درست کرنی ہے۔
   *[other] بھیجنے سے پہلے { $count } باتیں درست کرنی ہیں۔
}
check-valid = درست CSAF 2.0۔
unsaved = محفوظ نہیں ہوا۔
save-draft = مسودہ محفوظ کریں
draft-saved = مسودہ محفوظ ہو گیا۔
findings = جانچ میں کیا ملا
findings-more = { $count } مزید۔
weight-error = غلطی
weight-warning = انتباہ
weight-information = نوٹ
write-what = یہ کیا ہے
template = کس سے شروع کریں
template-blank = خالی دستاویز
template-meetings = ویڈیو اجلاسوں کے نو نکات
noticed = کب معلوم ہوا
noticed-hint = گھڑی تب سے چلتی ہے: رپورٹ شائع ہونے تک چھ گھنٹے۔
to-document = قارئین کی طرح دیکھیں
write-head = سرنامہ
write-text = یہ کیا کہتی ہے
write-text-lead = کوئی خانہ خالی چھوڑیں تو اس کا حصہ نہیں ہوگا۔
write-publisher = کون کہتا ہے
write-revision = یہ نظرثانی
language = زبان
category = CSAF کا زمرہ
status-final = حتمی: آگے کچھ متوقع نہیں
status-interim = عبوری: آگے اور آئے گا
status-draft = مسودہ: شائع نہیں ہو سکتا
severity-none-said = نہیں کہا گیا
products-hint = ہر سطر میں ایک مصنوعہ اور ورژن۔
list-hint = ڈیش سے شروع ہونے والی سطریں فہرست بنتی ہیں۔
reference-summary = یہ کیا ہے
reference-url = پتہ (https)
reference-add = حوالہ شامل کریں
row-remove = ہٹائیں
row-remove-of = { $name } ہٹائیں
vulnerability-fix = بنانے والے کا حل
vulnerability-add = CVE شامل کریں
vulnerability-more = { $name } کی مصنوعات، تدابیر اور اسکور
statuses = کون سی مصنوعات
for-products = ان مصنوعات کے لیے
remedies = کیا کریں
remedy-add = تدبیر شامل کریں
remedy-details = کیا کریں
scores = کتنی سنگین (CVSS)
score-add = اسکور شامل کریں
score-version = CVSS کا ورژن
score-other = اس اسکور کی شکل صرف متن دکھاتا ہے۔
score-temporal = وقت کے لحاظ سے
score-environmental = ماحول کے لحاظ سے
score-open = متعین نہیں
score-choose = ہر پیمانے کی ایک قدر چنیں، اسکور اسی سے نکلتا ہے۔
products = مشینوں کے لیے مصنوعات
products-lead = ہر ورژن کی ایک سطر۔ CPE اور پیکیج URL سے قارئین اسے اپنے نظاموں میں ڈھونڈتے ہیں۔
products-vendor = بنانے والا
products-name = مصنوعہ
products-says = یہ ہے
products-one = ایک ورژن
products-range = ورژنوں کی حد
products-new = نیا مصنوعہ
product-add = مصنوعہ شامل کریں
namespace = ناشر کا پتہ
revision-summary = اس میں نیا کیا ہے
date = تاریخ (UTC)
date-now = ابھی کا وقت رکھیں
marking-persons = جو افراد پڑھ سکتے ہیں
marking-groups = گروہ
marking-organisations = ادارے
marking-green = کسی کا نام نہ لیں تو ہر رکن ادارہ اسے پڑھتا ہے۔

# درآمد

nav-import = درآمد
import-title = دستاویز درآمد کریں
import-choose = فائل چنیں، یا یہاں چھوڑیں
import-note = CSAF 2.0، STIX 2.1 کا بنڈل، MISP کا واقعہ، سادہ متن یا HTML صفحہ؛ زیادہ سے زیادہ 4 MiB۔ آپ کے محفوظ کرنے سے پہلے کچھ نہیں رکھا جاتا۔
import-made = مسودہ
import-left-out = جو نہیں لیا جا سکا
import-all = سب کچھ مسودے میں ہے۔
import-no-label = اس میں TLP کا کوئی نشان نہیں۔ جب تک آپ نہ چنیں، یہ صرف آپ کے اپنے ادارے کے لیے ہے۔
import-open = آگے لکھیں

# واقعات

incidents-title = واقعات
incidents-lead = واقعے کی رپورٹ اس کے معلوم ہونے کے چھ گھنٹے کے اندر دی جاتی ہے۔ رپورٹ شائع ہوتے ہی گھڑی رک جاتی ہے۔
incidents-none = آپ کے ادارے کا کوئی واقعہ نہیں، اور وہ کوئی سنبھال بھی نہیں رہا۔
incident-report = واقعے کی رپورٹ دیں
incident-untitled = واقعے کی رپورٹ
incident-status = کارروائی
incident-not-yours = یہ کسی دوسرے ادارے کے ہاتھ میں ہے۔
due = رپورٹ کب تک
hands = کس کے ہاتھ میں
hand-over = سونپیں
hand-over-later = رپورٹ شائع ہونے کے بعد اسے سونپا جا سکتا ہے۔
handed-over = اب { $name } اسے سنبھالتا ہے۔
person = فرد
nobody-named = کوئی خاص نہیں
status-open = شروع نہیں ہوا
status-handling = سنبھالا جا رہا ہے
status-contained = قابو میں
status-closed = بند
clock-running = چل رہی ہے:
clock-overdue = وقت گزر گیا:
clock-in_time = وقت پر رپورٹ ہوا:
clock-late = دیر سے رپورٹ ہوا:
clock-left = { $hours } گھنٹے { $minutes } منٹ باقی
clock-over = { $hours } گھنٹے { $minutes } منٹ کی تاخیر

# شرکا

people-title = شرکا
people = لوگ
people-lead = کوئی کیا کر سکتا ہے، یہ اس کی اگلی درخواست سے لاگو ہوتا ہے۔
people-search = نام یا ادارے سے تلاش کریں
name = نام
roles = کردار
roles-of = { $name } کے کردار
role-author = مصنف
role-reviewer = جائزہ کار
role-publisher = ناشر
role-administrator = منتظم
role-member = رکن
role-auditor = محاسب
member-add = شامل کریں
member-added = شامل کر لیا گیا۔
member-changed = { $name } کے کردار بدل دیے گئے۔
member-remove = نکالیں
member-remove-ask = { $name } کو ادارے سے نکالیں؟
member-removed = { $name } اب کسی ادارے میں نہیں۔
organisations = ادارے
organisations-lead = جو نام ایک بار لیا گیا، وہ لیا ہی رہتا ہے: دستاویزات اسے رکھتی ہیں۔
organisation-name = ادارے کا نام
organisation-add = شامل کریں
organisation-added = { $name } شریک ہے۔
organisation-remove = نکالیں
organisation-remove-ask = کیا { $name } شرکت چھوڑ دے؟ اس کے لوگ اس کے ساتھ جاتے ہیں، اس کی دستاویزات رہتی ہیں۔
organisation-removed = { $name } نے شرکت چھوڑ دی۔
groups = اشتراکی گروہ
groups-lead = جو کسی گروہ کے لیے ہے، اسے اس میں شامل ادارے پڑھتے ہیں، ان کے آنے سے پہلے کا بھی۔
group-name = گروہ کا نام
group-organisations = { $name } کے ادارے
group-add = گروہ بنائیں
group-added = { $name } بن گیا۔
group-changed = { $name } بدل دیا گیا۔
