# हिन्दी: सूचना-पट्ट के सारे शब्द।

bulletin = सूचना-पट्ट
public = जो सबके लिए है, वह पढ़ें
loading = लोड हो रहा है…
saved = सहेजा गया
cancel = रद्द करें
rule = नियम

nav = पृष्ठ
nav-inbox = दस्तावेज़
nav-new = लिखें
nav-incidents = घटनाएँ
nav-people = भागीदार
nav-notices = सूचनाएँ
nav-public = सबके लिए
sign-out = साइन आउट
of-none = आप किसी सदस्य संगठन में नहीं हैं, इसलिए आपको वही दिखता है जो सबके लिए है। कोई प्रशासक आपको जोड़ सकता है।

inbox-title = दस्तावेज़
inbox-count = { $count ->
    [one] एक दस्तावेज़
   *[other] { $count } दस्तावेज़
}
inbox-none = आपके लिए अभी कुछ प्रकाशित नहीं हुआ है।
inbox-none-write = अभी कुछ नहीं है। पहला दस्तावेज़ लिखें।
inbox-none-found = कुछ नहीं मिला। कम शब्दों से खोजें, या कोई छन्नी हटाएँ।
feed = आपकी अपनी फ़ीड
feed-lead = समाचार पढ़ने वाले प्रोग्रामों के लिए: जिसके पास इसका पता है, वह उन दस्तावेज़ों के शीर्षक पढ़ता है जो आप पढ़ सकते हैं।
feed-make = पता बनाएँ
feed-ready = आपकी फ़ीड का पता
feed-since = एक पता है, कब से:
feed-remove = वापस लें
feed-remove-ask = क्या यह पता अब कहीं न ले जाए?
feed-removed = यह पता अब कहीं नहीं ले जाता।
inbox-more = पुराने दिखाएँ
search = खोजें
words = शब्द
every-kind = हर प्रकार
every-label = हर लेबल
every-state = हर स्थिति
title = शीर्षक
kind = प्रकार
label = लेबल
state = स्थिति
owner = स्वामी
changed = बदला गया

kind-advisory = परामर्श
kind-alert = चेतावनी
kind-incident_report = घटना की रिपोर्ट
kind-indicator_set = संकेतक
kind-information_request = जानकारी का अनुरोध
kind-vulnerability_note = सुरक्षा-दोष की सूचना
stage-draft = प्रारूप
stage-review = समीक्षा में
stage-approved = स्वीकृत
stage-interim = अंतरिम
stage-final = अंतिम
withdrawn = वापस लिया गया
tlp-clear = सबके लिए: हर कोई पढ़ और आगे बाँट सकता है।
tlp-green = सदस्य संगठनों के लिए; जनता के लिए नहीं।
tlp-amber = जिन्हें जानना ज़रूरी है, आपके संगठन में और उसके ग्राहकों में।
tlp-amber-strict = जिन्हें जानना ज़रूरी है, केवल आपके संगठन में।
tlp-red = केवल आपके लिए।

number = संख्या
original = मूल जारी तिथि
updated = अंतिम अद्यतन
severity = गंभीरता
version = संस्करण
status = स्थिति
by = जारीकर्ता
severity-none = कोई नहीं
severity-low = कम
severity-medium = मध्यम
severity-high = उच्च
severity-critical = अति गंभीर
part-affected = प्रभावित प्रणालियाँ
part-overview = सारांश
part-audience = किसके लिए
part-risk = जोखिम
part-impact = प्रभाव
part-description = विवरण
part-solution = समाधान
part-vendor = निर्माता की जानकारी
part-references = संदर्भ
part-vulnerabilities = CVE नाम
part-thanks = आभार
part-contact = संपर्क
part-disclaimer = अस्वीकरण
part-revisions = संशोधन इतिहास
term-affected = प्रभावित
term-investigated = जाँच जारी
term-not_affected = प्रभावित नहीं
term-fixed = ठीक किया गया
term-recommended = अनुशंसित
term-mitigation = बचाव
term-no_fix_planned = सुधार की योजना नहीं
term-none_available = सुधार उपलब्ध नहीं
term-vendor_fix = निर्माता का सुधार
term-workaround = वैकल्पिक उपाय
withdrawn-note = स्वामी ने यह दस्तावेज़ वापस ले लिया है। इसके अनुसार कार्य न करें।
older = यह एक पुराना संशोधन है।
newest = नवीनतम पढ़ें
no-revision = आपके लिए ऐसा कोई संशोधन नहीं है।
next = आगे क्या
step-submit = समीक्षा के लिए भेजें
step-return = लिखने के लिए लौटाएँ
step-approve = स्वीकृत करें
step-publish_interim = अंतरिम प्रकाशित करें
step-publish_final = अंतिम प्रकाशित करें
step-withdraw = वापस लें
edit = आगे लिखें
begin = नया संशोधन शुरू करें
files = फ़ाइल के रूप में
file-json = CSAF 2.0 (JSON), अक्षरशः
copy-document = इसी पाठ से नया दस्तावेज़ शुरू करें
print = छापें
audience = किनके लिए
red-room = बैठक में
red-room-note = केवल कक्ष में मौजूद लोगों के लिए: CSAF फ़ाइल लें और बैठक में मंच के नीचे TLP:RED दबाएँ। हर कोई इसे वहाँ अपने नाम के साथ पढ़ता है और इसका कुछ भी सहेजा नहीं जाता।
revisions = संशोधन
revision-number = संशोधन { $number }
compare = इससे तुलना करें
compare-none = किसी से नहीं
compare-same = दिखने वाली किसी बात में अंतर नहीं है।
head = शीर्ष
attachments = संलग्न फ़ाइलें
attach = फ़ाइल जोड़ें
comments = टिप्पणियाँ
comment = आपकी टिप्पणी
comment-go = टिप्पणी करें
commented = कह दिया गया।
acknowledge = आपके संगठन का उत्तर
acknowledge-lead = आपके संगठन के नाम से। स्वामी इसे देखता है।
said-seen = देखा
said-applied = लागू किया
said-not_affected = प्रभावित नहीं
acknowledged = स्वामी को बताया गया: { $what }।
acknowledged-none = अभी किसी संगठन ने उत्तर नहीं दिया है।
organisation = संगठन

## सूचनाएँ

alerts = अत्यावश्यक, और आपके संगठन से अभी किसी ने कुछ नहीं कहा है
alerts-more = { $count ->
    [one] और एक
   *[other] और { $count }
}
alerts-dismiss = देख लिया

notices-title = सूचनाएँ
notices-mail = ईमेल से
notices-mail-lead = जो आप पढ़ सकते हैं उसकी सूचना { $address } पर। लेबल जितना सीमित, ईमेल में उतना कम; TLP:RED का केवल इतना कि कुछ है।
notices-no-mail = यह सर्वर ईमेल नहीं भेजता।
notices-no-address = आपके खाते का कोई पता नहीं है। प्रशासक जोड़ सकते हैं।
notices-mode = कब
mode-none = कभी नहीं
mode-immediate = कुछ प्रकाशित होते ही
mode-digest = दिन में एक बार
notices-hour = इस समय (UTC)
notices-severity = केवल इस गंभीरता से
notices-any = सब, गंभीरता न बताई हो तब भी
notices-publishers = केवल इन संगठनों के
notices-publishers-note = कोई नहीं चुना: सबके।
notices-save = सहेजें
notices-saved = सहेजा गया। अब से आपको ऐसे सूचना मिलेगी।
untold-address = पिछली सूचना नहीं दी जा सकी: आपके खाते का कोई पता नहीं है।
untold-key = पिछली सूचना नहीं दी जा सकी: आपकी कुंजी अब कूटबद्ध नहीं करती। नई कुंजी दें।
untold-mail = पिछली सूचना नहीं दी जा सकी: ईमेल सर्वर ने उसे नहीं लिया।
key = कूटबद्ध ईमेल
key-lead = आपकी OpenPGP सार्वजनिक कुंजी से आपके ईमेल कूटबद्ध होते हैं, और TLP:AMBER के ईमेल शीर्षक बताते हैं।
key-none = आपने कोई कुंजी नहीं दी है।
key-shown = आपकी कुंजी
key-until = कूटबद्ध करती है, कब तक:
key-ended = यह कुंजी अब कूटबद्ध नहीं करती। जिसे कूटबद्ध होना है, वह आपको नहीं भेजा जाता।
key-paste = सार्वजनिक कुंजी, जो -----BEGIN PGP PUBLIC KEY BLOCK----- से शुरू होती है
key-give = यह कुंजी उपयोग करें
key-given = अब से आपके ईमेल इस कुंजी से कूटबद्ध होंगे।
key-remove = वापस लें
key-remove-ask = क्या आपको ईमेल बिना कूटबद्ध किए भेजे जाएँ?
key-removed = आपके ईमेल अब कूटबद्ध नहीं होते।
hooks = आपके संगठन के वेबहुक
hooks-lead = आपके एक सर्वर को उसकी सूचना मिलती है जो आपका संगठन पढ़ सकता है। हर सूचना पर उसके वेबहुक के रहस्य से हस्ताक्षर होता है।
hooks-none = कोई वेबहुक नहीं है।
hooks-url = पता (https)
hooks-add = जोड़ें
hooks-added = जोड़ा गया।
hooks-secret = इस वेबहुक का रहस्य। यह फिर नहीं दिखेगा।
hooks-remove = हटाएँ
hooks-remove-ask = { $url } हटाएँ?
hooks-removed = हटाया गया।
hooks-retry = अभी आज़माएँ
hooks-retried = जो बाकी है, वह अभी आज़माया जा रहा है।
hooks-delivered = पिछली बार पहुँचा
hooks-never = अभी कुछ नहीं पहुँचा
hooks-waiting = { $count ->
    [one] एक बाकी है
   *[other] { $count } बाकी हैं
}
hooks-given-up = { $count ->
    [one] एक छोड़ दिया गया
   *[other] { $count } छोड़ दिए गए
}
hooks-trouble = पिछला प्रयास विफल रहा:
# एक दस्तावेज़ पर क्या किया जाए

stepped-submit = समीक्षा के लिए भेजा गया। अब कोई समीक्षक इसे देखता है जिसने इसमें नहीं लिखा है।
stepped-return = यह फिर से प्रारूप है।
stepped-approve = स्वीकृत। अब कोई प्रकाशक इसे प्रकाशित कर सकता है।
stepped-publish_interim = प्रकाशित, आगे और आएगा।
stepped-publish_final = प्रकाशित।
stepped-withdraw = वापस लिया गया। यह पढ़ा जा सकता है और चिह्नित है।
withdraw-ask = “{ $title }” वापस लें?
profile = बैठकों के लिए नीति
profile-lead = { $title }, संशोधन { $revision }, जारीकर्ता { $issuer }।
profile-apply = नीति के रूप में लागू करें
profile-withdrawn = यह वापस लिया गया है और अब लागू नहीं किया जा सकता।
unnamed = कोई, जिसे आप नहीं देख सकते
attach-note = CSV, JSON, JPEG, PDF, PNG, सादा पाठ या ZIP, अधिकतम 4 MiB।
attached = { $name } जोड़ दी गई है।
detach = हटाएँ
detach-ask = { $name } हटाएँ?
detached = { $name } हटा दी गई है।
kilobytes = { $count } kB
nobody = कोई, जिसका खाता अब नहीं है
clients = किसी ग्राहक को पढ़ने दें
clients-lead = TLP:AMBER उन ग्राहकों तक जा सकता है जिन्हें जानना ज़रूरी है।
client = ग्राहक
client-none = कोई दूसरा संगठन नहीं है
client-grant = पढ़ने दें
client-granted = { $name } यह संशोधन पढ़ सकता है।
narrow = सूची छोटी करें
year = वर्ष

# लिखना

write-new = दस्तावेज़ लिखें
write-edit = दस्तावेज़ पर आगे लिखें
write-views = दृश्य
view-form = प्रपत्र
view-text = पाठ
view-preview = पूर्वावलोकन
text-lead = पूरा दस्तावेज़। जो प्रपत्र नहीं दिखाता, वह यहाँ जैसा है वैसा रहता है।
not-json = यह अभी JSON नहीं है। इसे पाठ में ठीक करें; प्रपत्र प्रतीक्षा करता है।
check-errors = { $count ->
    [one] भेजने से पहले एक बात ठीक करनी है।
   *[other] भेजने से पहले { $count } बातें ठीक करनी हैं।
}
check-valid = मान्य CSAF 2.0।
unsaved = सहेजा नहीं गया।
save-draft = प्रारूप सहेजें
draft-saved = प्रारूप सहेजा गया है।
findings = जाँच में क्या मिला
findings-more = { $count } और।
weight-error = त्रुटि
weight-warning = चेतावनी
weight-information = टिप्पणी
write-what = यह क्या है
template = किससे शुरू करें
template-blank = खाली दस्तावेज़
template-meetings = वीडियो बैठकों के लिए नौ बिंदु
noticed = कब पता चला
noticed-hint = घड़ी तभी से चलती है: रिपोर्ट प्रकाशित होने तक छह घंटे।
to-document = पाठकों की तरह देखें
write-head = शीर्ष
write-text = यह क्या कहता है
write-text-lead = कोई खाना खाली छोड़ें, तो उसका भाग नहीं होगा।
write-publisher = कौन कहता है
write-revision = यह संशोधन
language = भाषा
category = CSAF की श्रेणी
status-final = अंतिम: आगे कुछ अपेक्षित नहीं
status-interim = अंतरिम: आगे और आएगा
status-draft = प्रारूप: प्रकाशित नहीं हो सकता
severity-none-said = नहीं कहा गया
products-hint = हर पंक्ति में एक उत्पाद और संस्करण।
list-hint = डैश से शुरू होने वाली पंक्तियाँ सूची बनती हैं।
reference-summary = यह क्या है
reference-url = पता (https)
reference-add = संदर्भ जोड़ें
row-remove = हटाएँ
row-remove-of = { $name } हटाएँ
vulnerability-fix = निर्माता का सुधार
vulnerability-add = CVE जोड़ें
vulnerability-more = { $name } के उत्पाद, उपाय और अंक
statuses = कौन-से उत्पाद
for-products = इन उत्पादों के लिए
remedies = क्या करें
remedy-add = उपाय जोड़ें
remedy-details = क्या करें
scores = कितना गंभीर (CVSS)
score-add = अंक जोड़ें
score-version = CVSS का संस्करण
score-other = इस अंक का रूप केवल पाठ दिखाता है।
score-temporal = समय के अनुसार
score-environmental = परिवेश के अनुसार
score-open = परिभाषित नहीं
score-choose = हर माप का एक मान चुनें, अंक उसी से निकलता है।
products = मशीनों के लिए उत्पाद
products-lead = हर संस्करण की एक पंक्ति। CPE और पैकेज URL से पाठक इसे अपनी प्रणालियों में खोजते हैं।
products-vendor = निर्माता
products-name = उत्पाद
products-says = यह है
products-one = एक संस्करण
products-range = संस्करणों की श्रेणी
products-new = नया उत्पाद
product-add = उत्पाद जोड़ें
namespace = प्रकाशक का पता
revision-summary = इसमें नया क्या है
date = तिथि (UTC)
date-now = अभी का समय रखें
marking-persons = जो व्यक्ति पढ़ सकते हैं
marking-groups = समूह
marking-organisations = संगठन
marking-green = किसी का नाम न लें, तो हर सदस्य संगठन इसे पढ़ता है।

# आयात

nav-import = आयात
import-title = दस्तावेज़ आयात करें
import-choose = फ़ाइल चुनें, या यहाँ छोड़ें
import-note = CSAF 2.0, STIX 2.1 का बंडल, MISP की घटना, सादा पाठ या HTML पृष्ठ; अधिकतम 4 MiB। आपके सहेजने से पहले कुछ नहीं रखा जाता।
import-made = प्रारूप
import-left-out = जो नहीं लिया जा सका
import-all = सब कुछ प्रारूप में है।
import-no-label = इसमें TLP का कोई लेबल नहीं है। जब तक आप न चुनें, यह केवल आपके अपने संगठन के लिए है।
import-open = आगे लिखें

# घटनाएँ

incidents-title = घटनाएँ
incidents-lead = घटना की रिपोर्ट उसका पता चलने के छह घंटे के भीतर दी जाती है। रिपोर्ट प्रकाशित होते ही घड़ी रुक जाती है।
incidents-none = आपके संगठन की कोई घटना नहीं है, और वह कोई सँभाल भी नहीं रहा।
incident-report = घटना की रिपोर्ट दें
incident-untitled = घटना की रिपोर्ट
incident-status = कार्यवाही
incident-not-yours = यह किसी दूसरे संगठन के हाथ में है।
due = रिपोर्ट कब तक
hands = किसके हाथ में
hand-over = सौंपें
hand-over-later = रिपोर्ट प्रकाशित होने के बाद इसे सौंपा जा सकता है।
handed-over = अब { $name } इसे सँभालता है।
person = व्यक्ति
nobody-named = कोई विशेष नहीं
status-open = शुरू नहीं हुई
status-handling = सँभाली जा रही है
status-contained = नियंत्रित
status-closed = बंद
clock-running = चल रही है:
clock-overdue = समय बीत गया:
clock-in_time = समय पर रिपोर्ट हुई:
clock-late = देर से रिपोर्ट हुई:
clock-left = { $hours } घं { $minutes } मि बाकी
clock-over = { $hours } घं { $minutes } मि की देरी

# भागीदार

people-title = भागीदार
people = लोग
people-lead = कोई क्या कर सकता है, यह उसके अगले अनुरोध से लागू होता है।
people-search = नाम या संगठन से खोजें
name = नाम
roles = भूमिकाएँ
roles-of = { $name } की भूमिकाएँ
role-author = लेखक
role-reviewer = समीक्षक
role-publisher = प्रकाशक
role-administrator = प्रशासक
role-member = सदस्य
role-auditor = लेखा-परीक्षक
member-add = शामिल करें
member-added = शामिल किया गया।
member-changed = { $name } की भूमिकाएँ बदल दी गई हैं।
member-remove = निकालें
member-remove-ask = { $name } को संगठन से निकालें?
member-removed = { $name } अब किसी संगठन में नहीं है।
organisations = संगठन
organisations-lead = जो नाम एक बार लिया गया, वह लिया ही रहता है: दस्तावेज़ उसे रखते हैं।
organisation-name = संगठन का नाम
organisation-add = जोड़ें
organisation-added = { $name } भाग लेता है।
organisation-remove = निकालें
organisation-remove-ask = क्या { $name } भाग लेना छोड़े? उसके लोग उसके साथ जाते हैं, उसके दस्तावेज़ रहते हैं।
organisation-removed = { $name } ने भाग लेना छोड़ दिया है।
groups = साझाकरण समूह
groups-lead = जो किसी समूह के लिए है, उसे उसमें के संगठन पढ़ते हैं, उनके आने से पहले साझा किया हुआ भी।
group-name = समूह का नाम
group-organisations = { $name } के संगठन
group-add = समूह बनाएँ
group-added = { $name } बन गया है।
group-changed = { $name } बदल दिया गया है।
