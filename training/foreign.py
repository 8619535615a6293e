"""The words of a prompt that are no things, in the languages people are most likely to type: colours, numbers, sides.

Each English word stands before its translations, the commonest first; forms of one word stand beside each other. Words
of several parts come whole. They are few on purpose: what the built-in model understands, and no more.
"""

from __future__ import annotations

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray")
RELATIONS = ("and", "with", "on", "left", "right", "above", "under")
PLACES = ("background", "night", "sunset", "sea", "table")
ENGLISH_WORDS = (*COLOURS, "small", "big", "two", "three", "four", "five", *RELATIONS, *PLACES)

# In the order of ENGLISH_WORDS; "/" stands between forms, "," between words.
_ROWS = {
    "de": (
        "rot/rote/roter/rotes/roten,orange,gelb/gelbe/gelber/gelbes/gelben,grün/grüne/grüner/grünes/grünen,"
        "blau/blaue/blauer/blaues/blauen,lila/violett,rosa/pink,braun/braune/brauner/braunes/braunen,"
        "schwarz/schwarze/schwarzer/schwarzes/schwarzen,weiß/weiße/weißer/weißes/weißen/weiss,"
        "grau/graue/grauer/graues/grauen,klein/kleine/kleiner/kleines/kleinen,groß/große/großer/großes/großen/gross,"
        "zwei,drei,vier,fünf,und,mit,auf,links von/links neben,rechts von/rechts neben,über,unter,hintergrund,"
        "bei nacht/nachts,bei sonnenuntergang/sonnenuntergang,meer/auf dem meer,tisch"
    ),
    "fr": (
        "rouge/rouges,orange,jaune/jaunes,vert/verte/verts/vertes,bleu/bleue/bleus/bleues,violet/violette,rose/roses,"
        "marron/brun/brune,noir/noire/noirs/noires,blanc/blanche/blancs/blanches,gris/grise/grises,petit/petite,"
        "grand/grande/gros/grosse,deux,trois,quatre,cinq,et,avec,sur,à gauche de,à droite de,au-dessus de,sous,"
        "fond/arrière-plan,la nuit/de nuit,au coucher du soleil/coucher de soleil,mer,table"
    ),
    "es": (
        "rojo/roja/rojos/rojas,naranja,amarillo/amarilla,verde/verdes,azul/azules,morado/morada/violeta,rosa/rosado,"
        "marrón,negro/negra,blanco/blanca,gris,pequeño/pequeña,grande/gran,dos,tres,cuatro,cinco,y,con,"
        "sobre/encima de,a la izquierda de,a la derecha de,por encima de,debajo de/bajo,fondo,de noche/por la noche,"
        "al atardecer/atardecer/puesta de sol,mar,mesa"
    ),
    "it": (
        "rosso/rossa/rossi/rosse,arancione,giallo/gialla,verde/verdi,blu/azzurro/azzurra,viola,rosa,marrone,nero/nera,"
        "bianco/bianca,grigio/grigia,piccolo/piccola,grande,due,tre,quattro,cinque,e,con,su/sopra/sul/sulla,"
        "a sinistra di,a destra di,al di sopra di,sotto,sfondo,di notte,al tramonto/tramonto,mare,tavolo/tavola"
    ),
    "pt": (
        "vermelho/vermelha,laranja,amarelo/amarela,verde/verdes,azul/azuis,roxo/roxa,rosa/cor-de-rosa,"
        "marrom/castanho/castanha,preto/preta,branco/branca,cinza/cinzento/cinzenta,pequeno/pequena,grande,dois/duas,"
        "três,quatro,cinco,e,com,sobre/em cima de,à esquerda de,à direita de,acima de,debaixo de/sob,fundo,"
        "à noite/de noite,ao pôr do sol/pôr do sol,mar,mesa"
    ),
    "ru": (
        "красный/красная/красное/красные/красном,оранжевый/оранжевая/оранжевое/оранжевые/оранжевом,"
        "жёлтый/желтый/жёлтая/желтая/жёлтое/желтое/жёлтом/желтом,зелёный/зеленый/зелёная/зеленая/зелёное/зеленое/зелёном/зеленом,"
        "синий/синяя/синее/синие/синем/голубой/голубая/голубом,фиолетовый/фиолетовая/фиолетовое/фиолетовом,"
        "розовый/розовая/розовое/розовом,коричневый/коричневая/коричневое/коричневом,чёрный/черный/чёрная/черная/чёрное/черное/чёрном/черном,"
        "белый/белая/белое/белые/белом,серый/серая/серое/сером,маленький/маленькая/маленькое,большой/большая/большое,"
        "два/две,три,четыре,пять,и,с/со,на,слева от,справа от,над,под,фон/фоне,ночью,на закате/закат,"
        "море/морем,стол/столе"
    ),
    "uk": (
        "червоний/червона/червоне/червоні/червоному,помаранчевий/помаранчева/помаранчеве/помаранчевому,"
        "жовтий/жовта/жовте/жовтому,зелений/зелена/зелене/зеленому,синій/синя/синє/синьому/блакитний/блакитна,"
        "фіолетовий/фіолетова/фіолетове/фіолетовому,рожевий/рожева/рожеве/рожевому,коричневий/коричнева/коричневе/коричневому,"
        "чорний/чорна/чорне/чорному,білий/біла/біле/білому,сірий/сіра/сіре/сірому,маленький/маленька/маленьке,"
        "великий/велика/велике,два/дві,три,чотири,п'ять,і/та,з/із,на,ліворуч від,праворуч від,над,під,фон/тлі/тло,"
        "вночі,на заході сонця/захід сонця,море/морем,стіл/столі"
    ),
    "pl": (
        "czerwony/czerwona/czerwone/czerwonym,pomarańczowy/pomarańczowa/pomarańczowe/pomarańczowym,"
        "żółty/żółta/żółte/żółtym,zielony/zielona/zielone/zielonym,niebieski/niebieska/niebieskie/niebieskim,"
        "fioletowy/fioletowa/fioletowe/fioletowym,różowy/różowa/różowe/różowym,brązowy/brązowa/brązowe/brązowym,"
        "czarny/czarna/czarne/czarnym,biały/biała/białe/białym,szary/szara/szare/szarym,mały/mała/małe,"
        "duży/duża/duże,dwa/dwie,trzy,cztery,pięć,i,z/ze,na,na lewo od,na prawo od,nad,pod,tło/tle,w nocy/nocą,"
        "o zachodzie słońca/zachód słońca,morze/morzem,stół/stole"
    ),
    "ja": (
        "赤い/赤,オレンジ色の/橙色の,黄色い/黄色,緑の/緑色の/緑,青い/青,紫の/紫色の/紫,ピンクの/ピンク,茶色の/茶色,黒い/黒,白い/白,灰色の/灰色,"
        "小さい/小さな,大きい/大きな,二つの/2つの,三つの/3つの,四つの/4つの,五つの/5つの,と,付き,の上,の左,の右,の上方,の下,背景,夜,夕焼け/日没,海,テーブル"
    ),
    "zh": (
        "红色的/红色/红,橙色的/橙色,黄色的/黄色/黄,绿色的/绿色/绿,蓝色的/蓝色/蓝,紫色的/紫色/紫,粉色的/粉色/粉红色,棕色的/棕色/褐色,黑色的/黑色/黑,白色的/白色/白,"
        "灰色的/灰色,小,大,两个/二,三个/三,四个/四,五个/五,和,带,在上面,左边,右边,上方,下面,背景,夜晚/晚上,日落,海/大海,桌子"
    ),
    "ko": (
        "빨간/빨간색,주황색,노란/노란색,초록색/녹색,파란/파란색,보라색,분홍색/분홍,갈색,검은/검은색,흰/하얀/흰색,회색,작은,큰,두,세,네,다섯,"
        "그리고/와/과,함께,위에,왼쪽,오른쪽,위쪽,아래,배경,밤/밤에,일몰/석양,바다,테이블/탁자"
    ),
}

GRAMMAR: dict[str, dict[str, list[str]]] = {
    tongue: {english: words.split("/") for english, words in zip(ENGLISH_WORDS, row.split(","), strict=True)}
    for tongue, row in _ROWS.items()
}

# Everyday words that emojibase gives to another thing, or to none, with the thing that people mean.
_MEANT = {
    "de": "herz heart,baum tree,boot sailboat,schiff ship,ball soccer ball,blume flower,lampe light bulb,uhr clock",
    "fr": "cœur heart,coeur heart,arbre tree,bateau ship,fleur flower,lune moon,étoile star,oiseau bird",
    "es": "corazón heart,árbol tree,barco ship,flor flower,luna moon,estrella star,pájaro bird",
    "it": "cuore heart,albero tree,barca sailboat,fiore flower,luna moon,stella star,uccello bird,macchina car",
    "pt": "coração heart,árvore tree,barco sailboat,flor flower,lua moon,estrela star,pássaro bird,cão dog",
    "ru": "кот cat,машина car,сердце heart,дерево tree,корабль ship,цветок flower,луна moon,звезда star,птица bird",
    "uk": "кіт cat,машина car,серце heart,дерево tree,корабель ship,квітка flower,місяць moon,зірка star,дім house",
    "pl": "kot cat,auto car,serce heart,drzewo tree,statek ship,kwiat flower,księżyc moon,gwiazda star,ptak bird",
    "ja": (
        "猫 cat,ねこ cat,犬 dog,いぬ dog,車 car,木 tree,船 ship,花 flower,月 moon,星 star,"
        "鳥 bird,ハート heart,リンゴ apple"
    ),
    "zh": "猫 cat,狗 dog,车 car,树 tree,船 ship,花 flower,月亮 moon,星星 star,鸟 bird,心 heart,爱心 heart",
    "ko": "고양이 cat,개 dog,강아지 dog,차 car,나무 tree,배 ship,꽃 flower,달 moon,별 star,새 bird,하트 heart",
}

CHOSEN: dict[str, dict[str, str]] = {
    tongue: dict(tuple(pair.split(" ", 1)) for pair in row.split(",")) for tongue, row in _MEANT.items()
}
