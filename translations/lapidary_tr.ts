<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="tr" sourcelanguage="en">
<context>
    <name>lapidary::gui::Banner</name>
    <message>
        <source>Details</source>
        <translation>Ayrıntılar</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Kapat</translation>
    </message>
    <message>
        <source>Close this notice</source>
        <translation>Bu bildirimi kapat</translation>
    </message>
    <message>
        <source>A remark</source>
        <translation>Bir not</translation>
    </message>
    <message>
        <source>A warning</source>
        <translation>Bir uyarı</translation>
    </message>
    <message>
        <source>A problem</source>
        <translation>Bir sorun</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ChatBar</name>
    <message>
        <source>Choose a model</source>
        <translation>Model seçin</translation>
    </message>
    <message>
        <source>Tokens of the context that are used</source>
        <translation>Bağlamın kullanılan belirteçleri</translation>
    </message>
    <message>
        <source>Reading the question: %1 of %2 tokens</source>
        <translation>Soru okunuyor: %1 / %2 belirteç</translation>
    </message>
    <message>
        <source>No model is open</source>
        <translation>Açık model yok</translation>
    </message>
    <message>
        <source>Opening the model…</source>
        <translation>Model açılıyor…</translation>
    </message>
    <message>
        <source>%1 on %2</source>
        <translation>%1 (%2 üzerinde)</translation>
    </message>
    <message>
        <source>%1 of %2 tokens</source>
        <translation>%1 / %2 belirteç</translation>
    </message>
    <message>
        <source>Answering…</source>
        <translation>Yanıtlanıyor…</translation>
    </message>
    <message numerus="yes">
        <source>%n question(s) waiting</source>
        <translation>
            <numerusform>%n soru bekliyor</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ChatGuidance</name>
    <message>
        <source>Use an example picture</source>
        <translation>Örnek bir resim kullan</translation>
    </message>
    <message>
        <source>Open a model to begin. The demo model answers questions about drawn scenes at once.</source>
        <translation>Başlamak için bir model açın. Tanıtım modeli, çizilmiş sahneler hakkındaki soruları hemen yanıtlar.</translation>
    </message>
    <message>
        <source>This is a base model: it continues your text rather than answering it.</source>
        <translation>Bu bir temel model: Metninizi yanıtlamaz, sürdürür.</translation>
    </message>
    <message>
        <source>Drop a picture here and ask about it. Beside the message you see what the model will see.</source>
        <translation>Buraya bir resim bırakın ve ona dair bir soru sorun. Modelin ne göreceği mesajın yanında gösterilir.</translation>
    </message>
    <message>
        <source>Ask something. This model reads text alone.</source>
        <translation>Bir şey sorun. Bu model yalnızca metin okur.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ChatPage</name>
    <message>
        <source>You are changing a message; the old one stays as a branch.</source>
        <translation>Bir mesajı değiştiriyorsunuz; eskisi dal olarak kalır.</translation>
    </message>
    <message>
        <source>Cancel the change</source>
        <translation>Değişiklikten vazgeç</translation>
    </message>
    <message>
        <source>What the model sees</source>
        <translation>Modelin gördüğü</translation>
    </message>
    <message>
        <source>Settings of the conversation</source>
        <translation>Sohbetin ayarları</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Ayarlar</translation>
    </message>
    <message>
        <source>The open model reads no pictures.</source>
        <translation>Açık olan model resim okumaz.</translation>
    </message>
    <message>
        <source>“%1” with %2 %</source>
        <translation>“%1”, olasılık %%2</translation>
    </message>
    <message>
        <source>Add pictures</source>
        <translation>Resim ekle</translation>
    </message>
    <message>
        <source>Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.gif)</source>
        <translation>Resimler (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.gif)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Tüm dosyalar (*)</translation>
    </message>
    <message>
        <source>The pasted picture could not be written to %1.</source>
        <translation>Yapıştırılan resim yazılamadı: %1</translation>
    </message>
    <message>
        <source>Beside the conversation</source>
        <translation>Sohbetin yanında</translation>
    </message>
    <message numerus="yes">
        <source>%n message(s) were deleted.</source>
        <translation>
            <numerusform>%n mesaj silindi.</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Geri al</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ChatViewModel</name>
    <message>
        <source>There is nothing to send yet.</source>
        <translation>Henüz gönderilecek bir şey yok.</translation>
    </message>
    <message>
        <source>No model is open. Open one first.</source>
        <translation>Açık model yok. Önce bir model açın.</translation>
    </message>
    <message>
        <source>The open model reads no pictures. Remove them, or open a vision-language model.</source>
        <translation>Açık olan model resim okumaz. Resimleri kaldırın ya da bir görsel-dil modeli açın.</translation>
    </message>
    <message>
        <source>The pictures of this message take %1 tokens, and the context of the open model holds %2. Remove some, cut them into fewer crops, or open the model with a longer context.</source>
        <translation>Bu mesajın resimleri %1 belirteç tutuyor; açık olan modelin bağlamı ise %2 belirteç alır. Birkaçını kaldırın, daha az kesit kullanın ya da modeli daha uzun bir bağlamla açın.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ComposerEdit</name>
    <message>
        <source>Message</source>
        <translation>Mesaj</translation>
    </message>
    <message>
        <source>Write a message. Pictures can be dropped or pasted here, between any two words.</source>
        <translation>Bir mesaj yazın. Resimler buraya, istenen iki sözcüğün arasına bırakılabilir ya da yapıştırılabilir.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ComposerModel</name>
    <message>
        <source>Write something or add a picture first.</source>
        <translation>Önce bir şey yazın ya da bir resim ekleyin.</translation>
    </message>
    <message>
        <source>The message will be sent as soon as its pictures are read.</source>
        <translation>Mesaj, resimleri okunur okunmaz gönderilecek.</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) of this message cannot be read. Remove them, or try them again.</source>
        <translation>
            <numerusform>Bu mesajın %n resmi okunamıyor. Bunları kaldırın ya da yeniden deneyin.</numerusform>
        </translation>
    </message>
    <message>
        <source>“%1” cannot be sent. %2 Remove it, or try it again.</source>
        <translation>“%1” gönderilemiyor. %2 Kaldırın ya da yeniden deneyin.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ComposerPictures</name>
    <message>
        <source>Not readable</source>
        <translation>Okunamıyor</translation>
    </message>
    <message>
        <source>Being read</source>
        <translation>Okunuyor</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln belirteç</numerusform>
        </translation>
    </message>
    <message>
        <source>Picture %1 of %2: %3.</source>
        <translation>Resim %1 / %2: %3.</translation>
    </message>
    <message>
        <source>It is being read.</source>
        <translation>Okunuyor.</translation>
    </message>
    <message>
        <source>%1 by %2 pixels, %L3 tokens.</source>
        <translation>%1 × %2 piksel, %L3 belirteç.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ComposerWidget</name>
    <message>
        <source>%1 (%2)</source>
        <translation>%1 (%2)</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Gönder</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Durdur</translation>
    </message>
    <message>
        <source>Add picture…</source>
        <translation>Resim ekle…</translation>
    </message>
    <message>
        <source>Picture from address…</source>
        <translation>Adresten resim…</translation>
    </message>
    <message>
        <source>Remove unreadable pictures</source>
        <translation>Okunamayan resimleri kaldır</translation>
    </message>
    <message>
        <source>&amp;Address of the picture:</source>
        <translation>Resm&amp;in adresi:</translation>
    </message>
    <message>
        <source>Address of the picture</source>
        <translation>Resmin adresi</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Ekle</translation>
    </message>
    <message>
        <source>Add the picture at this address</source>
        <translation>Bu adresteki resmi ekle</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Kapat</translation>
    </message>
    <message>
        <source>Add no picture from an address</source>
        <translation>Adresten resim ekleme</translation>
    </message>
    <message>
        <source>%1 sends</source>
        <translation>Göndermek için %1</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ConversationKeeper</name>
    <message>
        <source>The conversation cannot be read: %1</source>
        <translation>Sohbet okunamıyor: %1</translation>
    </message>
    <message>
        <source>The message that was edited is not shown any more.</source>
        <translation>Düzenlenen mesaj artık gösterilmiyor.</translation>
    </message>
    <message>
        <source>A picture could not be kept: %1</source>
        <translation>Bir resim saklanamadı: %1</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ConversationListModel</name>
    <message>
        <source>Untitled</source>
        <translation>Başlıksız</translation>
    </message>
    <message>
        <source>%1 (pinned)</source>
        <translation>%1 (sabitlenmiş)</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ConversationPanel</name>
    <message>
        <source>What the model is told before the conversation</source>
        <translation>Sohbetten önce modele söylenenler</translation>
    </message>
    <message>
        <source>System &amp;prompt</source>
        <translation>Siste&amp;m istemi</translation>
    </message>
    <message>
        <source>&amp;Temperature</source>
        <translation>Sıcak&amp;lık</translation>
    </message>
    <message>
        <source>Top &amp;k</source>
        <translation>Top &amp;k</translation>
    </message>
    <message>
        <source>Top p</source>
        <translation>Top p</translation>
    </message>
    <message>
        <source>Min p</source>
        <translation>Min p</translation>
    </message>
    <message>
        <source>&amp;Repetition penalty</source>
        <translation>Yineleme &amp;cezası</translation>
    </message>
    <message>
        <source>See&amp;d</source>
        <translation>To&amp;hum</translation>
    </message>
    <message numerus="yes">
        <source> token(s)</source>
        <translation>
            <numerusform> belirteç</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Longest answer</source>
        <translation>En &amp;uzun yanıt</translation>
    </message>
    <message>
        <source>Separated by |</source>
        <translation>Aralarına | koyun</translation>
    </message>
    <message>
        <source>&amp;Stop at</source>
        <translation>Şur&amp;ada dur</translation>
    </message>
    <message>
        <source>Unticked: as the model&apos;s own settings say</source>
        <translation>İşaretsizken: modelin kendi ayarlarındaki gibi</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>Farklı kaydet…</translation>
    </message>
    <message>
        <source>Save these settings as a preset</source>
        <translation>Bu ayarları ön ayar olarak kaydet</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Sil</translation>
    </message>
    <message>
        <source>Delete the chosen preset</source>
        <translation>Seçili ön ayarı sil</translation>
    </message>
    <message>
        <source>Pr&amp;eset</source>
        <translation>Ö&amp;n ayar</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Yok</translation>
    </message>
    <message>
        <source>Save as a preset</source>
        <translation>Ön ayar olarak kaydet</translation>
    </message>
    <message>
        <source>Name of the preset</source>
        <translation>Ön ayarın adı</translation>
    </message>
    <message>
        <source>Tint &amp;words by their probability</source>
        <translation>Sözcükleri &amp;olasılıklarına göre renklendir</translation>
    </message>
    <message>
        <source>the model&apos;s own</source>
        <translation>modelin kendi değeri</translation>
    </message>
    <message>
        <source>Separated by |. Write \n for a new line, \| for a bar and \\ for a backslash.</source>
        <translation>Birbirinden | ile ayrılır. Yeni satır için \n, dikey çizgi için \|, ters bölü için \\ yazın.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::CropEditor</name>
    <message>
        <source>The picture with its crops</source>
        <translation>Resim ve kesitleri</translation>
    </message>
    <message>
        <source>Dragging over the picture draws a crop. Page Up and Page Down choose a crop. Arrow keys move it, with Ctrl they resize it, with Shift by ten pixels. Insert adds a crop, Delete removes it.</source>
        <translation>Resmin üzerinde sürüklemek bir kesit çizer. Page Up ve Page Down kesit seçer. Ok tuşları kesiti taşır, Ctrl ile boyutunu değiştirir, Shift ile on piksel ilerler. Insert kesit ekler, Delete kaldırır.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::EngineNotices</name>
    <message>
        <source>The engine could not be started: the program “lapidary” is missing beside this one, or may not be run.</source>
        <translation>Motor başlatılamadı: “lapidary” programı bu programın yanında yok ya da çalıştırılmasına izin verilmiyor.</translation>
    </message>
    <message>
        <source>The engine ended by itself with code %1.</source>
        <translation>Motor %1 koduyla kendiliğinden kapandı.</translation>
    </message>
    <message numerus="yes">
        <source>The engine gave no sign of life for %n second(s) and was ended.</source>
        <translation>
            <numerusform>Motor %n saniye boyunca hiç ses vermedi ve sonlandırıldı.</numerusform>
        </translation>
    </message>
    <message>
        <source>The engine speaks another version (%1) than this window. Install both from one release.</source>
        <translation>Motorun protokol sürümü (%1) bu pencereninkinden farklı. İkisini de aynı yayından kurun.</translation>
    </message>
    <message>
        <source>The system ended the engine, most likely for want of memory. Choose a shorter context or quantise the model.</source>
        <translation>Sistem, büyük olasılıkla bellek yetmediği için motoru sonlandırdı. Daha kısa bir bağlam seçin ya da modeli nicemleyin.</translation>
    </message>
    <message>
        <source>The engine crashed.</source>
        <translation>Motor çöktü.</translation>
    </message>
    <message>
        <source>What you typed and what was answered so far are kept.</source>
        <translation>Yazdıklarınız ve şimdiye kadar gelen yanıt saklandı.</translation>
    </message>
    <message>
        <source>Start again and go on</source>
        <translation>Yeniden başlat ve sürdür</translation>
    </message>
    <message>
        <source>Start again and open the model</source>
        <translation>Yeniden başlat ve modeli aç</translation>
    </message>
    <message>
        <source>Start the engine again</source>
        <translation>Motoru yeniden başlat</translation>
    </message>
    <message>
        <source>Reading the weights…</source>
        <translation>Ağırlıklar okunuyor…</translation>
    </message>
    <message>
        <source>Quantising the weights…</source>
        <translation>Ağırlıklar nicemleniyor…</translation>
    </message>
    <message>
        <source>Opening the model…</source>
        <translation>Model açılıyor…</translation>
    </message>
    <message>
        <source>The system ended the engine, most likely for want of memory: the model&apos;s weights take %1, and a context of %2 tokens was asked for. Choose a shorter context or quantise the model.</source>
        <translation>Sistem motoru sonlandırdı; büyük olasılıkla bellek yetmedi: modelin ağırlıkları %1 yer tutuyor, istenen bağlam %2 belirteçti. Daha kısa bir bağlam seçin ya da modeli nicemleyin.</translation>
    </message>
    <message>
        <source>There was not enough memory: %1 more were asked for. Choose a shorter context, fewer crops, or quantise the model.</source>
        <translation>Bellek yetmedi: %1 daha istendi. Daha kısa bir bağlam, daha az kesit seçin ya da modeli nicemleyin.</translation>
    </message>
    <message>
        <source>It ended three times within a minute and is not started again by itself.</source>
        <translation>Bir dakika içinde üç kez sonlandı; artık kendiliğinden yeniden başlatılmayacak.</translation>
    </message>
    <message>
        <source>The engine was ended from outside (signal %1), and hardly for want of memory: %2 are free.</source>
        <translation>Motor dışarıdan sonlandırıldı (sinyal %1); nedeni pek bellek yetersizliği olamaz: %2 boş.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ErrorSentences</name>
    <message>
        <source>The settings contradict each other or the model.</source>
        <translation>Ayarlar birbiriyle ya da modelle çelişiyor.</translation>
    </message>
    <message>
        <source>A file is not what it should be.</source>
        <translation>Bir dosya olması gerektiği gibi değil.</translation>
    </message>
    <message>
        <source>Something in the request or a file cannot be used.</source>
        <translation>İstekteki ya da bir dosyadaki bir şey kullanılamıyor.</translation>
    </message>
    <message>
        <source>Something that was asked for is not there.</source>
        <translation>İstenen bir şey bulunamadı.</translation>
    </message>
    <message>
        <source>This is not possible with this model or this version.</source>
        <translation>Bu işlem bu modelle ya da bu sürümle yapılamaz.</translation>
    </message>
    <message>
        <source>There was not enough memory for this. Choose a shorter context, fewer crops, or quantise the model.</source>
        <translation>Bunun için bellek yetmedi. Daha kısa bir bağlam ya da daha az kesit seçin ya da modeli nicemleyin.</translation>
    </message>
    <message>
        <source>This was stopped.</source>
        <translation>İşlem durduruldu.</translation>
    </message>
    <message>
        <source>The engine ended before it answered.</source>
        <translation>Motor yanıt vermeden kapandı.</translation>
    </message>
    <message>
        <source>A check was made and found a difference.</source>
        <translation>Bir denetim yapıldı ve fark bulundu.</translation>
    </message>
    <message>
        <source>A file could not be read or written.</source>
        <translation>Bir dosya okunamadı ya da yazılamadı.</translation>
    </message>
    <message>
        <source>The network did not give what was asked for.</source>
        <translation>İstenen, ağdan alınamadı.</translation>
    </message>
    <message>
        <source>Something went wrong inside Lapidary.</source>
        <translation>Lapidary içinde bir hata oluştu.</translation>
    </message>
    <message>
        <source>The program “lapidary” could not be started, or was ended from outside.</source>
        <translation>“lapidary” programı başlatılamadı ya da dışarıdan sonlandırıldı.</translation>
    </message>
    <message>
        <source>What was given cannot be used.</source>
        <translation>Verilenler kullanılamıyor.</translation>
    </message>
    <message>
        <source>A process that Lapidary had started ended early.</source>
        <translation>Lapidary uygulamasının başlattığı bir süreç erken sonlandı.</translation>
    </message>
    <message>
        <source>A file, the network or the program itself failed.</source>
        <translation>Bir dosya, ağ ya da programın kendisi hata verdi.</translation>
    </message>
    <message>
        <source>This is too long: it takes %1 tokens, and the context holds %2. Take fewer pictures or crops, begin a new chat, or open the model with a longer context.</source>
        <translation>Bu çok uzun: %1 belirteç tutuyor, bağlama ise %2 sığıyor. Daha az resim ya da kesit kullanın, yeni bir sohbet başlatın ya da modeli daha uzun bir bağlamla açın.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::HistoryPanel</name>
    <message>
        <source>New chat</source>
        <translation>Yeni sohbet</translation>
    </message>
    <message>
        <source>Search in all conversations</source>
        <translation>Tüm sohbetlerde ara</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Ara</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Sohbetler</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Geri al</translation>
    </message>
    <message>
        <source>Bring the deleted conversation back</source>
        <translation>Silinen sohbeti geri getir</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Yeniden adlandır…</translation>
    </message>
    <message>
        <source>Pin</source>
        <translation>Sabitle</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Sil</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Dışa aktar…</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>İçe aktar…</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>Sabitlemeyi kaldır</translation>
    </message>
    <message>
        <source>Nothing found.</source>
        <translation>Hiçbir şey bulunamadı.</translation>
    </message>
    <message>
        <source>Your conversations will be listed here.</source>
        <translation>Sohbetleriniz burada listelenecek.</translation>
    </message>
    <message>
        <source>Rename the conversation</source>
        <translation>Sohbeti yeniden adlandır</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>Başlık</translation>
    </message>
    <message>
        <source>“%1” was deleted.</source>
        <translation>“%1” silindi.</translation>
    </message>
    <message>
        <source>Export the conversation</source>
        <translation>Sohbeti dışa aktar</translation>
    </message>
    <message>
        <source>Markdown (*.md)</source>
        <translation>Markdown (*.md)</translation>
    </message>
    <message>
        <source>Web page with its pictures (*.html)</source>
        <translation>Resimleriyle web sayfası (*.html)</translation>
    </message>
    <message>
        <source>JSON, to be imported again (*.json)</source>
        <translation>JSON, yeniden içe aktarmak için (*.json)</translation>
    </message>
    <message>
        <source>Exported to %1.</source>
        <translation>Dışa aktarıldı: %1</translation>
    </message>
    <message>
        <source>It could not be exported: %1</source>
        <translation>Dışa aktarılamadı: %1</translation>
    </message>
    <message>
        <source>Import a conversation</source>
        <translation>Sohbet içe aktar</translation>
    </message>
    <message>
        <source>Exported conversations (*.json)</source>
        <translation>Dışa aktarılmış sohbetler (*.json)</translation>
    </message>
    <message>
        <source>It could not be imported: %1</source>
        <translation>İçe aktarılamadı: %1</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::HistoryText</name>
    <message>
        <source>“%1” cannot be written (%2).</source>
        <translation>“%1” yazılamıyor (%2).</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>Sohbet</translation>
    </message>
    <message>
        <source>This answer failed.  %1</source>
        <translation>Bu yanıt alınamadı.  %1</translation>
    </message>
    <message>
        <source>This answer was interrupted.</source>
        <translation>Bu yanıt yarıda kesildi.</translation>
    </message>
    <message>
        <source>the folder cannot be made</source>
        <translation>klasör oluşturulamıyor</translation>
    </message>
    <message>
        <source>(The picture “%1” is not there any more.)</source>
        <translation>(“%1” resmi artık yok.)</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Sistem istemi</translation>
    </message>
    <message>
        <source>(The picture “%1” is not there any more, or is of a kind that is not shown.)</source>
        <translation>(“%1” resmi artık yok ya da gösterilmeyen bir türde.)</translation>
    </message>
    <message>
        <source>With its pictures the conversation would take %1 MiB as JSON, of which at most %2 can be read back.  Export it as HTML.</source>
        <translation>Sohbet, resimleriyle birlikte JSON olarak %1 MiB tutardı; en çok %2 MiB geri okunabilir.  HTML olarak dışa aktarın.</translation>
    </message>
    <message>
        <source>The picture “%1” cannot be read.</source>
        <translation>“%1” resmi okunamıyor.</translation>
    </message>
    <message>
        <source>The export to “%1” was stopped.</source>
        <translation>“%1” dosyasına dışa aktarma durduruldu.</translation>
    </message>
    <message>
        <source>There is no file “%1”.</source>
        <translation>“%1” dosyası yok.</translation>
    </message>
    <message>
        <source>“%1” cannot be read (%2).</source>
        <translation>“%1” okunamıyor (%2).</translation>
    </message>
    <message>
        <source>“%1” is larger than %2 MiB, the most that a conversation may have.</source>
        <translation>“%1”, bir sohbet için en çok izin verilen %2 MiB boyutunu aşıyor.</translation>
    </message>
    <message>
        <source>“%1” is no JSON (%2, at byte %3).</source>
        <translation>“%1” geçerli bir JSON değil (%2, bayt: %3).</translation>
    </message>
    <message>
        <source>“%1” holds no conversation.</source>
        <translation>“%1” bir sohbet içermiyor.</translation>
    </message>
    <message>
        <source>The file is no conversation that this program exported.</source>
        <translation>Dosya, bu programın dışa aktardığı bir sohbet değil.</translation>
    </message>
    <message>
        <source>“version”: a whole number is expected here.</source>
        <translation>“version”: burada bir tam sayı bekleniyor.</translation>
    </message>
    <message>
        <source>The file was exported by a newer version of this program.</source>
        <translation>Dosya, bu programın daha yeni bir sürümüyle dışa aktarılmış.</translation>
    </message>
    <message>
        <source>“messages”: there are too many of them.</source>
        <translation>“messages”: sayıları çok fazla.</translation>
    </message>
    <message>
        <source>“%1”: an object is expected here.</source>
        <translation>“%1”: burada bir nesne bekleniyor.</translation>
    </message>
    <message>
        <source>“%1.id”: %2 stands here for the second time.</source>
        <translation>“%1.id”: %2 burada ikinci kez geçiyor.</translation>
    </message>
    <message>
        <source>“messages[%1].parent”: there is no message %2.</source>
        <translation>“messages[%1].parent”: %2 numaralı mesaj yok.</translation>
    </message>
    <message>
        <source>A list is expected here.</source>
        <translation>Burada bir liste bekleniyor.</translation>
    </message>
    <message>
        <source>“leaf”: there is no message %1.</source>
        <translation>“leaf”: %1 numaralı mesaj yok.</translation>
    </message>
    <message>
        <source>“%1”: a text is expected here.</source>
        <translation>“%1”: burada bir metin bekleniyor.</translation>
    </message>
    <message>
        <source>“%1”: this is no base64.</source>
        <translation>“%1”: bu geçerli bir base64 değil.</translation>
    </message>
    <message>
        <source>“%1”: the picture is too large.</source>
        <translation>“%1”: resim çok büyük.</translation>
    </message>
    <message>
        <source>“%1”: these are not the bytes of that picture.</source>
        <translation>“%1”: bunlar o resmin baytları değil.</translation>
    </message>
    <message>
        <source>The import of “%1” was stopped.</source>
        <translation>“%1” dosyasını içe aktarma durduruldu.</translation>
    </message>
    <message>
        <source>The history “%1” was written by a newer version of this program; it is left as it is.  Use the newer version, or move the file away to begin another history.</source>
        <translation>“%1” geçmişi bu programın daha yeni bir sürümüyle yazılmış; olduğu gibi bırakıldı.  Yeni sürümü kullanın ya da başka bir geçmiş başlatmak için dosyayı başka yere taşıyın.</translation>
    </message>
    <message>
        <source>The file “%1” is a database of another program; it is left as it is.  Move it away to begin a history.</source>
        <translation>“%1” dosyası başka bir programın veritabanı; olduğu gibi bırakıldı.  Bir geçmiş başlatmak için onu başka yere taşıyın.</translation>
    </message>
    <message>
        <source>The history “%1” is damaged and cannot be renamed; move it away to begin another one.</source>
        <translation>“%1” geçmişi bozulmuş ve yeniden adlandırılamıyor; yenisini başlatmak için onu başka yere taşıyın.</translation>
    </message>
    <message>
        <source>The history was damaged.  The old file is kept as “%1”; an empty history was begun.</source>
        <translation>Geçmiş bozulmuştu.  Eski dosya “%1” adıyla saklandı; boş bir geçmiş başlatıldı.</translation>
    </message>
    <message>
        <source>Another window has just begun the history in “%1”; nothing is kept here.</source>
        <translation>“%1” klasöründeki geçmişi az önce başka bir pencere başlattı; burada hiçbir şey saklanmıyor.</translation>
    </message>
    <message>
        <source>The folder “%1” cannot be written, so no history is kept.</source>
        <translation>“%1” klasörüne yazılamıyor, bu yüzden geçmiş saklanmıyor.</translation>
    </message>
    <message>
        <source>The history “%1” cannot be read while nothing may be written there.</source>
        <translation>“%1” geçmişi, oraya yazılamadığı sürece okunamıyor.</translation>
    </message>
    <message>
        <source>The folder “%1” cannot be written: the history can be read, and nothing new is kept.</source>
        <translation>“%1” klasörüne yazılamıyor: Geçmiş okunabilir, yeni bir şey saklanmaz.</translation>
    </message>
    <message>
        <source>The computer “%1” holds the history: it can be read here, and nothing new is kept.  If no window is open there, delete “%2” and start again.</source>
        <translation>Geçmiş “%1” bilgisayarında kullanılıyor: Burada okunabilir, yeni bir şey saklanmaz.  Orada açık bir pencere yoksa “%2” dosyasını silin ve yeniden başlatın.</translation>
    </message>
    <message>
        <source>Another window (process %1) holds the history: it can be read here, and nothing new is kept.</source>
        <translation>Geçmiş başka bir pencerede (süreç %1) kullanılıyor: Burada okunabilir, yeni bir şey saklanmaz.</translation>
    </message>
    <message>
        <source>The folder “%1” for the history cannot be made.</source>
        <translation>Geçmiş için “%1” klasörü oluşturulamıyor.</translation>
    </message>
    <message>
        <source>Qt&apos;s SQLite was built without “%1”, which the search needs, so there is no history; install a Qt whose SQLite has it.</source>
        <translation>Qt&apos;nin SQLite&apos;ı, aramanın gerektirdiği “%1” olmadan derlenmiş; bu yüzden geçmiş yok. SQLite&apos;ında bu bulunan bir Qt kurun.</translation>
    </message>
    <message>
        <source>The history has version %1; this program knows versions up to %2.</source>
        <translation>Geçmişin sürümü %1; bu programın bildiği en yeni sürüm %2.</translation>
    </message>
    <message>
        <source>The history has no conversation “%1”.</source>
        <translation>Geçmişte “%1” sohbeti yok.</translation>
    </message>
    <message>
        <source>The history holds this message in a form that cannot be read.  %1</source>
        <translation>Geçmiş bu mesajı okunamayan bir biçimde tutuyor.  %1</translation>
    </message>
    <message>
        <source>The conversation has no message %1.</source>
        <translation>Sohbette %1 numaralı mesaj yok.</translation>
    </message>
    <message>
        <source>You</source>
        <translation>Siz</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Model</translation>
    </message>
    <message>
        <source>What is new in the history waits to be written.  %1</source>
        <translation>Geçmişteki yenilikler yazılmayı bekliyor.  %1</translation>
    </message>
    <message>
        <source>The history is closed.</source>
        <translation>Geçmiş kapalı.</translation>
    </message>
    <message>
        <source>The picture “%1” cannot be read (%2).</source>
        <translation>“%1” resmi okunamıyor (%2).</translation>
    </message>
    <message>
        <source>The picture “%1” cannot be kept in the history (%2).</source>
        <translation>“%1” resmi geçmişte saklanamıyor (%2).</translation>
    </message>
    <message>
        <source>Copying “%1” was stopped.</source>
        <translation>“%1” dosyasının kopyalanması durduruldu.</translation>
    </message>
    <message>
        <source>“%1” is larger than %2 MiB; pictures of a chat are smaller.</source>
        <translation>“%1” %2 MiB boyutunu aşıyor; sohbet resimleri daha küçük olur.</translation>
    </message>
    <message>
        <source>“%1” is not a file.</source>
        <translation>“%1” bir dosya değil.</translation>
    </message>
    <message>
        <source>pasted picture</source>
        <translation>yapıştırılan resim</translation>
    </message>
    <message>
        <source>Qt&apos;s plug-in for SQLite is missing, so there is no history; install it.</source>
        <translation>Qt&apos;nin SQLite eklentisi eksik, bu yüzden geçmiş yok; eklentiyi kurun.</translation>
    </message>
    <message>
        <source>Another program holds the history “%1” (%2).</source>
        <translation>“%1” geçmişini başka bir program kullanıyor (%2).</translation>
    </message>
    <message>
        <source>No space is left on the disk of the history “%1” (%2).</source>
        <translation>“%1” geçmişinin bulunduğu diskte yer kalmadı (%2).</translation>
    </message>
    <message>
        <source>The history “%1” is damaged (%2).</source>
        <translation>“%1” geçmişi bozulmuş (%2).</translation>
    </message>
    <message>
        <source>The history “%1” refuses this (%2).</source>
        <translation>“%1” geçmişi bunu kabul etmiyor (%2).</translation>
    </message>
    <message>
        <source>The history “%1” cannot be read or written (%2).</source>
        <translation>“%1” geçmişi okunamıyor ya da yazılamıyor (%2).</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::JsonFields</name>
    <message>
        <source>“%1”: %2</source>
        <translation>“%1”: %2</translation>
    </message>
    <message>
        <source>This field is missing.</source>
        <translation>Bu alan eksik.</translation>
    </message>
    <message>
        <source>A text is expected here.</source>
        <translation>Burada bir metin bekleniyor.</translation>
    </message>
    <message numerus="yes">
        <source>This text is longer than %n character(s).</source>
        <translation>
            <numerusform>Bu metin %n karakterden uzun.</numerusform>
        </translation>
    </message>
    <message>
        <source>A list is expected here.</source>
        <translation>Burada bir liste bekleniyor.</translation>
    </message>
    <message>
        <source>Each entry of this list has to be a text.</source>
        <translation>Bu listenin her ögesi bir metin olmalıdır.</translation>
    </message>
    <message>
        <source>A SHA-256 of 64 hexadecimal digits is expected here.</source>
        <translation>Burada 64 onaltılık basamaklı bir SHA-256 bekleniyor.</translation>
    </message>
    <message>
        <source>Only true or false can stand here.</source>
        <translation>Burada yalnızca true ya da false olabilir.</translation>
    </message>
    <message>
        <source>A number is expected here.</source>
        <translation>Burada bir sayı bekleniyor.</translation>
    </message>
    <message>
        <source>A whole number is expected here.</source>
        <translation>Burada bir tam sayı bekleniyor.</translation>
    </message>
    <message>
        <source>%1 is outside of what can stand here.</source>
        <translation>%1, burada olabileceklerin dışında.</translation>
    </message>
    <message>
        <source>An object is expected here.</source>
        <translation>Burada bir nesne bekleniyor.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::LoadDialog</name>
    <message>
        <source>Open %1</source>
        <translation>Aç: %1</translation>
    </message>
    <message>
        <source>Open model</source>
        <translation>Modeli aç</translation>
    </message>
    <message>
        <source>&amp;Device</source>
        <translation>&amp;Aygıt</translation>
    </message>
    <message>
        <source>As the machine has it</source>
        <translation>Bilgisayara göre</translation>
    </message>
    <message>
        <source>&amp;Numbers</source>
        <translation>&amp;Sayılar</translation>
    </message>
    <message>
        <source>As they are stored</source>
        <translation>Saklandıkları gibi</translation>
    </message>
    <message>
        <source>float32: exactly as the reference</source>
        <translation>float32: referansla tam olarak aynı</translation>
    </message>
    <message>
        <source>&amp;Quantise</source>
        <translation>&amp;Nicemleme</translation>
    </message>
    <message>
        <source>Not</source>
        <translation>Yok</translation>
    </message>
    <message>
        <source>As the model suggests</source>
        <translation>Modelin önerdiği gibi</translation>
    </message>
    <message numerus="yes">
        <source> token(s)</source>
        <translation>
            <numerusform> belirteç</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Context</source>
        <translation>&amp;Bağlam</translation>
    </message>
    <message>
        <source>Folder of a PEFT adapter, or nothing</source>
        <translation>Bir PEFT adaptörünün klasörü ya da boş</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Seç…</translation>
    </message>
    <message>
        <source>Choose the folder of an adapter</source>
        <translation>Bir adaptörün klasörünü seç</translation>
    </message>
    <message>
        <source>&amp;Adapter</source>
        <translation>A&amp;daptör</translation>
    </message>
    <message>
        <source>Folder of an adapter</source>
        <translation>Adaptör klasörü</translation>
    </message>
    <message>
        <source>Reading the model&apos;s files…</source>
        <translation>Modelin dosyaları okunuyor…</translation>
    </message>
    <message>
        <source>This cannot be opened. %1</source>
        <translation>Bu açılamıyor. %1</translation>
    </message>
    <message>
        <source>It reads text and pictures.</source>
        <translation>Metin ve resim okur.</translation>
    </message>
    <message>
        <source>It reads text alone: pictures are switched off with it.</source>
        <translation>Yalnızca metin okur: Bu modelle resimler kapalıdır.</translation>
    </message>
    <message>
        <source>%1 parameters, stored as %2. %3</source>
        <translation>%1 parametre, saklama biçimi: %2. %3</translation>
    </message>
    <message>
        <source>The weights are quantised already.</source>
        <translation>Ağırlıklar zaten nicemlenmiş.</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message>
        <source>Memory for %1 tokens: %2</source>
        <translation>%1 belirteç için bellek: %2</translation>
    </message>
    <message>
        <source>Vision part of the model</source>
        <translation>Modelin görüntü bölümü</translation>
    </message>
    <message>
        <source>Vision part (*.gguf)</source>
        <translation>Görüntü bölümü (*.gguf)</translation>
    </message>
    <message>
        <source>&amp;Vision part</source>
        <translation>&amp;Görüntü bölümü</translation>
    </message>
    <message>
        <source>An mmproj file, or nothing: text alone</source>
        <translation>Bir mmproj dosyası ya da hiçbiri: yalnızca metin</translation>
    </message>
    <message>
        <source>Choose the file with the vision part</source>
        <translation>Görüntü bölümünün dosyasını seç</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::LoadViewModel</name>
    <message>
        <source>weights of the language model</source>
        <translation>dil modelinin ağırlıkları</translation>
    </message>
    <message>
        <source>weights of the vision tower</source>
        <translation>görüntü kodlayıcının ağırlıkları</translation>
    </message>
    <message>
        <source>weights of the projector</source>
        <translation>izdüşüm katmanının ağırlıkları</translation>
    </message>
    <message>
        <source>key/value cache</source>
        <translation>anahtar/değer önbelleği</translation>
    </message>
    <message>
        <source>activations</source>
        <translation>aktivasyonlar</translation>
    </message>
    <message>
        <source>activations of the vision tower</source>
        <translation>görüntü kodlayıcının aktivasyonları</translation>
    </message>
    <message>
        <source>Does not fit: it takes %1, and %2 are free. Choose a shorter context or quantise it.</source>
        <translation>Sığmıyor: Gereken %1, boş olan %2. Daha kısa bir bağlam seçin ya da modeli nicemleyin.</translation>
    </message>
    <message>
        <source>Tight: it takes %1 of the %2 that are free.</source>
        <translation>Sınırda: Gereken %1, boş olan %2.</translation>
    </message>
    <message>
        <source>Fits: it takes %1, and %2 are free.</source>
        <translation>Sığıyor: Gereken %1, boş olan %2.</translation>
    </message>
    <message>
        <source>Does not fit: it takes %1, and %2 are free. Choose a shorter context or the CPU.</source>
        <translation>Sığmıyor: Gereken %1, boş olan %2. Daha kısa bir bağlam ya da CPU’yu seçin.</translation>
    </message>
    <message>
        <source>%1 on %2</source>
        <extracomment>%1: a size such as 24 GiB; %2: a device such as cuda:0</extracomment>
        <translation>%1 (%2 üzerinde)</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::LogPage</name>
    <message>
        <source>What the engine says: useful when something went wrong.</source>
        <translation>Motorun söyledikleri: Bir şey ters gittiğinde işe yarar.</translation>
    </message>
    <message>
        <source>Log of the engine</source>
        <translation>Motorun günlüğü</translation>
    </message>
    <message>
        <source>The engine has said nothing yet.</source>
        <translation>Motor henüz bir şey söylemedi.</translation>
    </message>
    <message>
        <source>Copy all</source>
        <translation>Tümünü kopyala</translation>
    </message>
    <message>
        <source>Copy the whole log</source>
        <translation>Günlüğün tamamını kopyala</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MainWindow</name>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Dosya</translation>
    </message>
    <message>
        <source>&amp;New chat</source>
        <translation>&amp;Yeni sohbet</translation>
    </message>
    <message>
        <source>&amp;Close the model</source>
        <translation>&amp;Modeli kapat</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>Çı&amp;kış</translation>
    </message>
    <message>
        <source>&amp;Conversation</source>
        <translation>&amp;Sohbet</translation>
    </message>
    <message>
        <source>&amp;Search in all conversations</source>
        <translation>&amp;Tüm sohbetlerde ara</translation>
    </message>
    <message>
        <source>&amp;Go</source>
        <translation>&amp;Git</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Sayfalar</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modeller</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Sohbet</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Günlük</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>Gö&amp;rünüm</translation>
    </message>
    <message>
        <source>As the &amp;system has it</source>
        <translation>&amp;Sistemdeki gibi</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>&amp;Açık</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>&amp;Koyu</translation>
    </message>
    <message>
        <source>S&amp;maller text</source>
        <translation>&amp;Daha küçük yazı</translation>
    </message>
    <message>
        <source>&amp;Normal text</source>
        <translation>&amp;Normal yazı</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Yardım</translation>
    </message>
    <message>
        <source>&amp;Keyboard</source>
        <translation>&amp;Klavye</translation>
    </message>
    <message>
        <source>&amp;About Lapidary</source>
        <translation>&amp;Lapidary hakkında</translation>
    </message>
    <message>
        <source>The engine has a remark about this answer.</source>
        <translation>Motorun bu yanıta ilişkin bir notu var.</translation>
    </message>
    <message>
        <source>Stopped. What has arrived is kept, and the next download goes on from there.</source>
        <translation>Durduruldu. Gelen kısım saklandı; bir sonraki indirme oradan sürer.</translation>
    </message>
    <message>
        <source>Downloading %1…</source>
        <translation>İndiriliyor: %1…</translation>
    </message>
    <message>
        <source>%1 is here.</source>
        <translation>%1 indirildi.</translation>
    </message>
    <message>
        <source>The download failed.</source>
        <translation>İndirme başarısız oldu.</translation>
    </message>
    <message>
        <source>Downloading %1: %2</source>
        <translation>İndiriliyor: %1, %2</translation>
    </message>
    <message numerus="yes">
        <source>The engine has %n remark(s) about this model.</source>
        <translation>
            <numerusform>Motorun bu modele ilişkin %n notu var.</numerusform>
        </translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation>Klavye</translation>
    </message>
    <message>
        <source>About Lapidary</source>
        <translation>Lapidary hakkında</translation>
    </message>
    <message>
        <source>Lapidary %1
A workbench for Gemma 3 vision-language models.
Licence: GPL-3.0-or-later.</source>
        <translation>Lapidary %1
Gemma 3 görsel-dil modelleri için bir çalışma tezgâhı.
Lisans: GPL-3.0-or-later.</translation>
    </message>
    <message>
        <source>The settings could not be read. They are as at the first start; the old file is kept as %1.</source>
        <translation>Ayarlar okunamadı. İlk açılıştaki durumdalar; eski dosya saklandı: %1.</translation>
    </message>
    <message>
        <source>La&amp;rger text</source>
        <translation>Daha &amp;büyük yazı</translation>
    </message>
    <message>
        <source>On a message: the one before, the one after</source>
        <translation>Bir mesajdayken: önceki, sonraki</translation>
    </message>
    <message>
        <source>On a message: the first, the last</source>
        <translation>Bir mesajdayken: ilk, son</translation>
    </message>
    <message>
        <source>Among messages: a page up, a page down; on a crop: the one before, the one after</source>
        <translation>Mesajlar arasında: bir sayfa yukarı, aşağı; bir kesitteyken: önceki, sonraki</translation>
    </message>
    <message>
        <source>On a crop: move it; with Ctrl resize it; with Shift by ten pixels</source>
        <translation>Bir kesitteyken: onu taşır; Ctrl ile boyutunu değiştirir; Shift ile on piksel ilerler</translation>
    </message>
    <message>
        <source>On a crop: add one, remove it</source>
        <translation>Bir kesitteyken: yeni kesit ekler, kesiti kaldırır</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <extracomment>%1: a list, as &quot;Conversations&quot;; %2: what a key does there, as &quot;Delete&quot;</extracomment>
        <translation>%1: %2</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MarkdownView</name>
    <message>
        <source>Copy</source>
        <translation>Kopyala</translation>
    </message>
    <message>
        <source>Copy this code</source>
        <translation>Bu kodu kopyala</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Kod</translation>
    </message>
    <message>
        <source>Copy code block %1</source>
        <translation>Kod bloğunu kopyala: %1</translation>
    </message>
    <message>
        <source>Copy code block %1, %2</source>
        <translation>Kod bloğunu kopyala: %1, %2</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MessageButtons</name>
    <message>
        <source>Show the version before</source>
        <translation>Önceki sürümü göster</translation>
    </message>
    <message>
        <source>Show the next version</source>
        <translation>Sonraki sürümü göster</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopyala</translation>
    </message>
    <message>
        <source>Copy this message as it was written</source>
        <translation>Bu mesajı yazıldığı gibi kopyala</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Düzenle</translation>
    </message>
    <message>
        <source>Edit this message in a new branch</source>
        <translation>Bu mesajı yeni bir dalda düzenle</translation>
    </message>
    <message>
        <source>Regenerate</source>
        <translation>Yeniden üret</translation>
    </message>
    <message>
        <source>Ask for another answer in a new branch</source>
        <translation>Yeni bir dalda başka bir yanıt iste</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>Sürdür</translation>
    </message>
    <message>
        <source>Let this answer go on</source>
        <translation>Bu yanıtı sürdür</translation>
    </message>
    <message>
        <source>What the model saw</source>
        <translation>Modelin gördüğü</translation>
    </message>
    <message>
        <source>Show the views of these pictures that went into the model</source>
        <translation>Bu resimlerin modele giren görünümlerini göster</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Sil</translation>
    </message>
    <message>
        <source>Delete this message and all that follows it</source>
        <translation>Bu mesajı ve ardından gelenlerin tümünü sil</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MessageJson</name>
    <message>
        <source>“%1” is not known here.</source>
        <translation>“%1” burada bilinmiyor.</translation>
    </message>
    <message>
        <source>A box is four whole numbers: left, top, right and bottom.</source>
        <translation>Bir kutu dört tam sayıdan oluşur: sol, üst, sağ ve alt.</translation>
    </message>
    <message>
        <source>A list of boxes is expected here.</source>
        <translation>Burada bir kutu listesi bekleniyor.</translation>
    </message>
    <message>
        <source>A part is either a text or a picture.</source>
        <translation>Bir parça ya metindir ya da resim.</translation>
    </message>
    <message>
        <source>A message comes after its parent and has a greater number.</source>
        <translation>Bir mesaj üst mesajından sonra gelir ve numarası daha büyüktür.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MessageListView</name>
    <message>
        <source>Conversation</source>
        <translation>Sohbet</translation>
    </message>
    <message>
        <source>↓ To the end</source>
        <translation>↓ Sona git</translation>
    </message>
    <message>
        <source>Scroll to the end of the conversation</source>
        <translation>Sohbetin sonuna git</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MessageTexts</name>
    <message>
        <source>You</source>
        <translation>Siz</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Model</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 belirteç/sn</translation>
    </message>
    <message>
        <source>first token after %1 s</source>
        <translation>ilk belirteç %1 sn sonra</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln belirteç</numerusform>
        </translation>
    </message>
    <message>
        <source>%L1 of %L2 prompt tokens reused</source>
        <translation>istemde %L1 / %L2 belirteç yeniden kullanıldı</translation>
    </message>
    <message>
        <source>There was no answer.</source>
        <translation>Yanıt gelmedi.</translation>
    </message>
    <message>
        <source>This answer was stopped.</source>
        <translation>Bu yanıt durduruldu.</translation>
    </message>
    <message>
        <source>This answer was interrupted.</source>
        <translation>Bu yanıt yarıda kesildi.</translation>
    </message>
    <message>
        <source>The answer ends here because it reached the limit of tokens.</source>
        <translation>Belirteç sınırına ulaşıldığı için yanıt burada bitiyor.</translation>
    </message>
    <message>
        <source>without a name</source>
        <translation>adsız</translation>
    </message>
    <message>
        <source>Picture %1</source>
        <translation>Resim: %1</translation>
    </message>
    <message>
        <source>Picture %1, %2 × %3 pixels</source>
        <translation>Resim: %1, %2 × %3 piksel</translation>
    </message>
    <message>
        <source>Message %1 of %2, from you: %3</source>
        <translation>Mesaj %1 / %2, sizden: %3</translation>
    </message>
    <message>
        <source>Message %1 of %2, from the model: %3</source>
        <translation>Mesaj %1 / %2, modelden: %3</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MessageWidget</name>
    <message>
        <source>Your text</source>
        <translation>Metniniz</translation>
    </message>
    <message>
        <source>Text of the answer</source>
        <translation>Yanıtın metni</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ModelCatalog</name>
    <message>
        <source>incomplete</source>
        <translation>eksik</translation>
    </message>
    <message>
        <source>A small Gemma 3 that comes with Lapidary and answers about drawn scenes</source>
        <translation>Lapidary ile gelen ve çizilmiş sahnelerle ilgili soruları yanıtlayan küçük bir Gemma 3</translation>
    </message>
    <message>
        <source>opened before</source>
        <translation>daha önce açıldı</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ModelDelegate</name>
    <message>
        <source>built in</source>
        <translation>yerleşik</translation>
    </message>
    <message>
        <source>recent</source>
        <translation>son açılan</translation>
    </message>
    <message>
        <source>Hugging Face cache</source>
        <translation>Hugging Face önbelleği</translation>
    </message>
    <message>
        <source>your folders</source>
        <translation>klasörleriniz</translation>
    </message>
    <message>
        <source>incomplete: download it again</source>
        <translation>eksik: yeniden indirin</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ModelNames</name>
    <message>
        <source>Demo model</source>
        <translation>Tanıtım modeli</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ModelsPage</name>
    <message>
        <source>Choose a model</source>
        <translation>Model seçin</translation>
    </message>
    <message>
        <source>The demo model comes with Lapidary and needs no download. Gemma 3 models come from your Hugging Face cache, your folders or a download; you can also drop a model folder or a .gguf file here.</source>
        <translation>Tanıtım modeli Lapidary ile gelir, indirme gerektirmez. Gemma 3 modelleri Hugging Face önbelleğinizden, klasörlerinizden ya da indirmeyle gelir; buraya bir model klasörü ya da .gguf dosyası da bırakabilirsiniz.</translation>
    </message>
    <message>
        <source>Progress of opening the model</source>
        <translation>Modelin açılma ilerlemesi</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>İptal</translation>
    </message>
    <message>
        <source>Cancel opening the model</source>
        <translation>Modeli açmaktan vazgeç</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modeller</translation>
    </message>
    <message>
        <source>Open…</source>
        <translation>Aç…</translation>
    </message>
    <message>
        <source>Try the demo model</source>
        <translation>Tanıtım modelini dene</translation>
    </message>
    <message>
        <source>Open a file…</source>
        <translation>Dosya aç…</translation>
    </message>
    <message>
        <source>Open a folder…</source>
        <translation>Klasör aç…</translation>
    </message>
    <message>
        <source>Add a folder of models…</source>
        <translation>Model klasörü ekle…</translation>
    </message>
    <message>
        <source>&amp;Download by id</source>
        <translation>&amp;Kimliğe göre indir</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>İndir</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Durdur</translation>
    </message>
    <message>
        <source>Stop the download</source>
        <translation>İndirmeyi durdur</translation>
    </message>
    <message>
        <source>Progress of the download</source>
        <translation>İndirmenin ilerlemesi</translation>
    </message>
    <message>
        <source>Add a folder of models</source>
        <translation>Model klasörü ekle</translation>
    </message>
    <message>
        <source>Open a model&apos;s folder</source>
        <translation>Bir modelin klasörünü aç</translation>
    </message>
    <message>
        <source>Open a GGUF model</source>
        <translation>GGUF modeli aç</translation>
    </message>
    <message>
        <source>GGUF models (*.gguf)</source>
        <translation>GGUF modelleri (*.gguf)</translation>
    </message>
    <message>
        <source>Remove from the list</source>
        <translation>Listeden kaldır</translation>
    </message>
    <message>
        <source>A recent model is forgotten; an added folder leaves with all its models. No file is deleted.</source>
        <translation>Son kullanılan model unutulur; eklenen klasör tüm modelleriyle birlikte listeden çıkar. Hiçbir dosya silinmez.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PanAndScanGeometry</name>
    <message>
        <source>There is no picture.</source>
        <translation>Resim yok.</translation>
    </message>
    <message>
        <source>A picture of %1 by %2 pixels without crops.</source>
        <translation>%1 × %2 piksellik, kesitsiz bir resim.</translation>
    </message>
    <message numerus="yes">
        <source>A picture of %1 by %2 pixels with %n crop(s).</source>
        <translation>
            <numerusform>%1 × %2 piksellik, %n kesitli bir resim.</numerusform>
        </translation>
    </message>
    <message>
        <source>Crop %1: %2 by %3 pixels, %4 from the left and %5 from the top.</source>
        <translation>Kesit %1: %2 × %3 piksel, soldan %4, üstten %5.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PictureErrors</name>
    <message>
        <source>It cannot be read as a picture.</source>
        <translation>Resim olarak okunamıyor.</translation>
    </message>
    <message>
        <source>There is no such file.</source>
        <translation>Böyle bir dosya yok.</translation>
    </message>
    <message>
        <source>This kind of picture is not supported.</source>
        <translation>Bu resim türü desteklenmiyor.</translation>
    </message>
    <message>
        <source>It is too large for the memory of this machine.</source>
        <translation>Bu bilgisayarın belleği için çok büyük.</translation>
    </message>
    <message>
        <source>Its file cannot be read.</source>
        <translation>Dosyası okunamıyor.</translation>
    </message>
    <message>
        <source>It could not be fetched from its address.</source>
        <translation>Adresinden alınamadı.</translation>
    </message>
    <message>
        <source>The engine ended while it read this picture.</source>
        <translation>Motor bu resmi okurken kapandı.</translation>
    </message>
    <message>
        <source>It could not be read.</source>
        <translation>Okunamadı.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PictureInspector</name>
    <message>
        <source>The engine gave no answer for this picture.</source>
        <translation>Motor bu resim için yanıt vermedi.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PictureStrip</name>
    <message>
        <source>Pictures of the message</source>
        <translation>Mesajın resimleri</translation>
    </message>
    <message>
        <source>%1 (%2 in the row of pictures)</source>
        <translation>%1 (resim sırasında %2)</translation>
    </message>
    <message>
        <source>Move earlier</source>
        <translation>Öne al</translation>
    </message>
    <message>
        <source>Move later</source>
        <translation>Arkaya al</translation>
    </message>
    <message>
        <source>Full view</source>
        <translation>Tam görünüm</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Kaldır</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Yeniden dene</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PreviewPanel</name>
    <message>
        <source>What the model sees</source>
        <translation>Modelin gördüğü</translation>
    </message>
    <message>
        <source>Add a picture to see what the model will see of it: the whole picture and its crops, each with its cost in tokens.</source>
        <translation>Modelin bir resimden ne göreceğini görmek için resim ekleyin: resmin tamamı ve kesitleri, her biri belirteç cinsinden maliyetiyle.</translation>
    </message>
    <message>
        <source>⚠ Own crops: this departs from the reference.</source>
        <translation>⚠ Kendi kesitleriniz: Bu, referanstan ayrılır.</translation>
    </message>
    <message>
        <source>Add crop</source>
        <translation>Kesit ekle</translation>
    </message>
    <message>
        <source>Remove crop</source>
        <translation>Kesiti kaldır</translation>
    </message>
    <message>
        <source>Back to the reference</source>
        <translation>Referansa dön</translation>
    </message>
    <message>
        <source>The views that go into the model</source>
        <translation>Modele giren görünümler</translation>
    </message>
    <message>
        <source>The views are being made.</source>
        <translation>Görünümler hazırlanıyor.</translation>
    </message>
    <message>
        <source>The engine said: %1</source>
        <translation>Motorun bildirdiği: %1</translation>
    </message>
    <message>
        <source>The engine remarks: %1</source>
        <translation>Motorun notu: %1</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PreviewViewModel</name>
    <message>
        <source>Picture %1 of %2: %3</source>
        <translation>Resim %1 / %2: %3</translation>
    </message>
    <message>
        <source>%1, %2 × %3 pixels</source>
        <translation>%1, %2 × %3 piksel</translation>
    </message>
    <message numerus="yes">
        <source>This picture: %n view(s), %1 tokens.</source>
        <translation>
            <numerusform>Bu resim: %n görünüm, %1 belirteç.</numerusform>
        </translation>
    </message>
    <message>
        <source>About %1 ms to see it.</source>
        <translation>Görülmesi yaklaşık %1 ms sürer.</translation>
    </message>
    <message>
        <source>All pictures: %1 tokens.</source>
        <translation>Tüm resimler: %1 belirteç.</translation>
    </message>
    <message>
        <source>The sum of all pictures is not known yet.</source>
        <translation>Tüm resimlerin toplamı henüz bilinmiyor.</translation>
    </message>
    <message>
        <source>The smallest side of a crop is 1 to %1 pixels.</source>
        <translation>Bir kesitin en küçük kenarı en az 1, en çok %1 piksel olabilir.</translation>
    </message>
    <message>
        <source>The number of crops is 1 to %1.</source>
        <translation>Kesit sayısı en az 1, en çok %1 olabilir.</translation>
    </message>
    <message>
        <source>The ratio of the sides is a number from 0.</source>
        <translation>Kenarların oranı 0 ya da daha büyük bir sayıdır.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PreviewViews</name>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln belirteç</numerusform>
        </translation>
    </message>
    <message>
        <source>Whole picture</source>
        <translation>Resmin tamamı</translation>
    </message>
    <message>
        <source>Crop %1</source>
        <translation>Kesit %1</translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation>%1 ms</translation>
    </message>
    <message>
        <source>%1: %2 by %3 pixels, %4 from the left and %5 from the top, %L6 tokens.</source>
        <translation>%1: %2 × %3 piksel, soldan %4, üstten %5, %L6 belirteç.</translation>
    </message>
    <message>
        <source>A view took %1 milliseconds when it was measured last.</source>
        <translation>Son ölçümde bir görünüm %1 milisaniye sürdü.</translation>
    </message>
    <message>
        <source>Its pixels have the SHA-256 %1.</source>
        <translation>Piksellerinin SHA-256 değeri: %1.</translation>
    </message>
</context>
<context>
    <name>lapidary::gui::SeenDialog</name>
    <message>
        <source>What the model saw</source>
        <translation>Modelin gördüğü</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>Görünümler</translation>
    </message>
    <message numerus="yes">
        <source>%n view(s) went into the model, as they are here, with %1 tokens in all.</source>
        <translation>
            <numerusform>Modele, burada görüldükleri gibi, %n görünüm girdi; toplam %1 belirteç.</numerusform>
        </translation>
    </message>
    <message>
        <source>%1: the whole picture</source>
        <translation>%1: resmin tamamı</translation>
    </message>
    <message>
        <source>%1: pixels %2, %3 to %4, %5</source>
        <translation>%1: piksel %2, %3 – %4, %5</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln belirteç</numerusform>
        </translation>
    </message>
    <message>
        <source>SHA-256 of the pixels: %1</source>
        <translation>Piksellerin SHA-256 değeri: %1</translation>
    </message>
    <message numerus="yes">
        <source>Of %n view(s) in the prompt, the features of %1 were reused from before.</source>
        <translation>
            <numerusform>İstemdeki %n görünümden %1 tanesinin öznitelikleri öncekinden yeniden kullanıldı.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Looking at %n view(s) took %1 ms.</source>
        <translation>
            <numerusform>%n görünüme bakmak %1 ms sürdü.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s), features reused</source>
        <translation>
            <numerusform>%Ln belirteç, öznitelikler yeniden kullanıldı</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s), %1 ms</source>
        <translation>
            <numerusform>%Ln belirteç, %1 ms</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ViewControls</name>
    <message>
        <source>Smallest side of a crop</source>
        <translation>Bir kesitin en küçük kenarı</translation>
    </message>
    <message>
        <source>Most crops</source>
        <translation>En çok kesit</translation>
    </message>
    <message>
        <source>How the picture is cut</source>
        <translation>Resmin nasıl kesildiği</translation>
    </message>
    <message>
        <source>As the model does it</source>
        <translation>Modelin yaptığı gibi</translation>
    </message>
    <message>
        <source>Pan &amp; scan on</source>
        <translation>Pan &amp; scan açık</translation>
    </message>
    <message>
        <source>Whole picture only</source>
        <translation>Yalnızca resmin tamamı</translation>
    </message>
    <message>
        <source>Own crops</source>
        <translation>Kendi kesitlerim</translation>
    </message>
    <message>
        <source> px</source>
        <translation> px</translation>
    </message>
    <message>
        <source>A picture is not cut where its crops would have a shorter side. The reference has 256.</source>
        <translation>Kesitlerinin kenarı bundan kısa olacaksa resim kesilmez. Referansta 256.</translation>
    </message>
    <message>
        <source>No picture is cut into more crops. The reference has 4.</source>
        <translation>Hiçbir resim bundan çok kesite bölünmez. Referansta 4.</translation>
    </message>
    <message>
        <source>Smallest ratio of the sides</source>
        <translation>Kenarların en küçük oranı</translation>
    </message>
    <message>
        <source>Only a picture whose longer side is so many times its shorter one is cut. The reference has 1.2.</source>
        <translation>Yalnızca uzun kenarı kısa kenarının en az bu kadar katı olan resim kesilir. Referansta 1,2.</translation>
    </message>
    <message>
        <source>S&amp;mallest side</source>
        <translation>&amp;En küçük kenar</translation>
    </message>
    <message>
        <source>Smallest &amp;ratio</source>
        <translation>En küçük &amp;oran</translation>
    </message>
    <message>
        <source>Crop&amp;s</source>
        <translation>&amp;Kesitler</translation>
    </message>
    <message>
        <source>M&amp;ost crops</source>
        <translation>En &amp;çok kesit</translation>
    </message>
</context>
</TS>
