"""Ordinary words that lie one slip of the finger away from a word to the relay. Data.

Alone in a message they are talk and are neither held back nor obeyed. All are folded as
`folding.folded` does, several words run together. English, Spanish, French, German, Portuguese,
Arabic, and the commonest of other languages; common given names among them. Left out on purpose:
what is a stop or a cry for help in one more language, or more often a slip than a word.
"""

from __future__ import annotations

_LATIN = """
aalto aanmelden abbilden abenden abide abstellen abstreiten abtreten abwenden abzustellen acide acto
acuda adde ade agde aguda aid aida aided aidee aiden aider aides aidez aids aie aihe aile aime aine
air aire ais aise aja ajda ajto ajudam ajudan ajudar ajudas ajudat ajude ajudo ajuta albo alde aldo
algo alho allo alo alot also alt alta alte altho alti alton altor altos altro alts alvo alzo amis
amore ande anmelden anstreben antreten apare apprendre apre aprendre apto arde are aret aride arre
arrest arreta arretee arrets arreu aside ato atop atto aude auftraten auftreten ausbreiten
ausgetreten ausreden ausserten austragen auswerten auto avide ayda ayudan ayudar ayudas ayude ayudo
ayunda baba baca bada baga baha baia baj bajak bajan bajar bajas baje bajo baju baka bala bama bana
banja bapa bara bare basa bata bawa baya baza beelden behr beja belassen bend bestellen bide bjuda
black blanquear blick bloc bloch blocke blockiert blocks bloco blocs blogueur blok bloque bloquea
bloqueada bloqueado bloquean bloquearam bloquearon bloquee bloquees bloqueia bloqueiam bloqueie
bloqueio bloquent bloqueo bloqueos bloqueou bloques bock boja bore brock buit cair cais caja
calcular cancelada cancelado cancelaram cancelaron canceled cancelo cancelou cancels cancer candela
canela canular carcel care castelar cautelar chancel chanceler chop cleave clock comeca comecam
comecara comencar core crop cuit dair dais daja dare darrer debarquer debloque decorrer
deixaogrupo deixeogrupo dejaelgrupo demander demarquer demarre demeurer dependre dermassen desarmer
desbloqueado desbloqueio dore duit ehr eide einsperren elus empezara empezare erfassen erlassen
evoke fair fais faja falir falto fare fehr fide flock fore freigabe freigegeben fuit gais gaja gare
garret gelassen gide glock gore hair hais haja hale halo hare heap heave hel hela held hele helfe
helg helga heli helix hell helm helo helps hels helt helu hely hemp hep heup heya heyyo hide hilda
hilde hile hilfen hilft hilse hore huit iade ide indo infor infos ingo into intro inyo jair jaja
jajaa jare juda kaide kancelare karar kare kehr kelp klus kore laide lair lais lato lave lease
leaved leaven leaves leavesthegroup leavethegroups lehr leve lide llave lock lockeren lore love
loves lus maas macs mads maes mafia mags mai maia maias maid maids maig maik mail mails maim main
mains maio mair maiz maja manis mans maos maps mare maris marrer mars mass mats maus mavis mavs maxs
mays mear meer meh mehl meho meir melden mer mere mias mide mire mis moare moe moge mohr mois
moje mole mome moore mor mora mord morde morei morel mores morey mori mork morn morne mornin moro
morre mors morse mort morte moru morue morze mose mote moue move mowe moze muore mure nair nais naja
nuit oar oare obaja ore paar paare pacar pace padre pagar page pahar paie pair paire pais paja pakar
pake pale pane pape par para parah param paran paras parat parc parce parea pared parei parem paren
pareo parer pares paret pari parie parir park parke parlar parle parme paro parr parra pars parse
part parte paru parue pary pasar pase pate paus pave paye pazar pere peus phare pide pirar pire pius
plis plos pls plu plug plugs plum plums plush plusz pore pre preisgeben prendre puls pure pus pyre
quet qui quid quiet quieter quil quilt quin quint quip quirt quis quita quite quito quits quitte
quittee quittera quittes quittez quiz quot raide raja rare recaudar redemarrer remote removed
removes removeu renove repandre repeindre repondre reprend reprendra reprends reprenne retoma
revendre revoked ride riprendere rise saar sadr sai saia said saidogrupo saif sail sain saio saira
sairadogrupo sais sait saiu saiudogrupo saiz saja salendelgrupo sali salia salid salidelgrupo salih
salik salim salin salio saliodelgrupo salire salis salto samir sarar sare sari sart sarten scop sehr
send sentasis setup shop side siir sir slip slop smart snart soir sop sore sparar spare spart
sparten sperre spot staat staaten stadt stadten staet stair stap star stara starb starben stare
stari stark starken starkt staro starr starren starrt stars starta starte started starter startet
starts stary starz stat staten statt statten staut step sterren stir stod stof stoi stol stom stomp
stoop stopala stops stopt stopy stor stork stort story stoup stour stow strat straten strop stuart
stump sturt subscribed subscriber subscribers suit svart swop tais tare tart telp terrassen tide top
topp tore tuit uberlassen uit unlock vais vaja vare velp veranlassen verbissen verblassen verfassen
verfasser verfassten vergessen verladen verlagen verlangen verlass verlasse verlassene verlassenen
verlasst verlaten verlaufen verlauten verlesen verliessen verlosen verlusten vermessen vermissen
verpasse verpassen verpassten verpissen verrassend vide vore vuit ware weave weglassen wehr welp
whelp wide wore yarar yelp yelps yore yuda zarar
aufbauen aufkaufen auftanken auftauchen auftaut auftragen breeze celer congela congelada congelado
congelan congelas congele congeler congelo deceler defiler degele descongela descongelada
descongelado descongele feler freezed freezer freezes frieze frozen galer gele gelee
gelees gelen geles gelez gener gerer greeze gueler haw heler meler peler shaw tha thad thawed thaws
arise auxilia auxilios brise cerise crie criee cries crime cris crises crisi crisp crisps criss
crisse croise cruise emergen emergence emergenciais emergencial emergencias emergencies emergent
emergente emergenti emergents emergenze frise grise kraise kreise krige kris krisen kriser kruse
notfalle notfalls prise scrise urgences urgency urgente
resumed resumes presume resumen resumo resuma resumi resumee resumer fortsetze fortsetzt fortsetzte
fortsetzung festsetzen
"""

_ARABIC = """
ابا اباد ابداء ابداع ابدي ابطا ابنا ابها اتوقف احدا احزمه ازمنه اسمه الجده الداء الساده الساعه
السايده السعاده الغاز الغباء الغداء الغذاء الغطاء الغناء القاء القاعده الماء الماده المايده المجاعه
المجيد المزاد المزيج المسابقه المساجد المساحه المساعد المساعدات المسافه المساله المسانده المساهمه
المساواه المشاهده المضاده المعاهده المعده المفيد المقاعد المناعه المواعده النجاه النجمه امه اوقف
ايقاع ايقافه ايمه بازمه بالغاء بالمزيد بالمساعده بايقاف بدا بمساعده بمغادره بوقف تبدا تتوقف تساعده
تقف توصف توقع توقفت توقيف حزمه حواري ساعده طاري عبدا عزمه لازمه لالغاء لايقاف للمزيد للمساعده لمزيد
لمساعده لمغادره لوقف مبادره مبدا مساعد مساعدا مساعدته مسانده مستعده مصادره مغادرته مغامره موقف نبدا
نتوقف هواري واري وازمه والغاء والمزيد والمساعده وبدا وتوقف وقف ومساعده ووقف يبدا يتوقف يساعده يوقف
"""

ORDINARY = frozenset((_LATIN + _ARABIC).split())
