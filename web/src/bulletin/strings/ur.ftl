# اردو: فہرست اور دستاویز کے الفاظ۔ جو یہاں نہیں، وہ انگریزی میں دکھتا ہے۔

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
