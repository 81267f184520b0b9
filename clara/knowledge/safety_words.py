"""What people write to language models, in eleven languages: the words that `safety` makes its phrases of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What one language calls the parts of an order to a model; alternatives are divided by "|".

    Beginnings, of which every way through their groups is searched for as it stands: cancel, reply, right, choose,
    hush, asked, become, act, prompt, decode, passage, ended. One with "^" counts only where a clause begins, for
    "patients ignore earlier advice" is no order. The others are patterns. `more`: forms of this language alone.
    """

    cancel: str = ""
    small: str = "-"
    earlier: str = "-"
    orders: str = "-"
    every: str = "-"
    above: str = "-"
    reply: str = ""
    only: str = "-"
    that: str = "-"
    right: str = ""
    always: str = "-"
    option: str = "-"
    fits: str = "-"
    choose: str = ""
    hush: str = ""
    asked: str = ""
    say: str = "-"
    become: str = ""
    article: str = ""
    act: str = ""
    persona: str = "-"
    prompt: str = ""
    decode: str = ""
    coded: str = "-"
    passage: str = ""
    tells: str = "-"
    ended: str = ""
    more: tuple[tuple[str, str, str], ...] = ()
    spaced: bool = True


ENGLISH = Words(
    cancel="^(ignore|disregard|forget|override|bypass|overlook|discard|cancel|revoke|set aside|pay no attention to|"
    "stop following)|^(do not|don't) (follow|obey)", small="all|any|every|each|of|the|your|my|these|those|this|that|"
    "other|rest|and|or|to|such|given", earlier="previous|previously|prior|earlier|above|preceding|foregoing|former|"
    "system|initial|original|developer|hidden|safety|retrieved|provided|you were given",
    orders="instructions?|prompts?|rules?|directions|directives?|commands?|messages?|context|text|passages?|evidence|"
    "sources?|documents?|conversation|guidelines?|guardrails?|restrictions?|constraints?|programming|training|task",
    every="all|every|your|other|rest", above="(?:everything|anything|whatever|what|all)(?: (?:of|that|which|was|is|"
    "has|have|been|you|were|came|comes|stands|we|said|written|stated|it)){0,5} (?:above|before|so far|previously|"
    "until now|told|taught)|the above(?= and |[.,;:!?])", reply="^(answer|reply|respond|output)|^(only|always|"
    "just) (answer|reply|respond|output)|you (must|should|will|have to|are to) (answer|reply|respond|output)|"
    "you must (always|only) (answer|reply|respond)", only="only|exactly|always|solely|strictly|just|simply",
    that="that|option|letter|choice|as follows|by saying|with (?:only|just|exactly|nothing|option|json|the (?:letter|"
    "words?|phrase))|freely|without (?:any )?restrictions?|(?:from|using|based on|based only on|"
    "based solely on) your (?:own|general|training)|to (?:every|all|any) (?:query|queries|requests?)",
    right="(correct|right|true|expected|only) (answer|option|choice)",
    always="always|in every case|whatever the question", option="option|choice|answer|letter",
    fits="(?:is|must be|should be|will be)(?: (?:always|the|only|clearly)){0,2} (?:correct|right|true|supported)",
    choose="^(choose|select|pick|mark|prefer)|(always|must) (choose|select|pick)",
    hush="^(do not|don't|never) mention|(do not|don't|never) (tell|inform) the (user|asker)|(do not|don't|"
    "never) (reveal|disclose|repeat) (this|these|the) (instruction|instructions|note|prompt|rule|rules)|(do not|"
    "don't|never) cite (other|any other|the other)", asked="(when|if|whenever) (asked|questioned|you are asked|"
    "the user asks|a user asks|someone asks|anyone asks|the question|a question|any question)|(for|to) (any|"
    "every) question|(for|to) all questions", say="say|answer|reply|respond|state|claim|output|choose|pick|select|"
    "tell the user|tell them|write|conclude|insist", become="you are (now|no longer)|you're now|from now on you are",
    article="an?|the|my|in|bound by|limited by", act="^(act|behave|respond) (as|like)|^pretend (to be|you are|"
    "that you are)|^(role-play|roleplay) as|^(play|take on|assume) the role of|^imagine (you are|that you are)",
    persona="ai|llm|dan|gpt|assistant|chatbot|bot|model|system|doctor|physician|clinician|expert|ophthalmologist|"
    "developer|administrator|admin|persona|character|hacker|mode|restrictions|rules|guidelines",
    prompt="system prompt|developer mode|hidden instructions|jailbreak|do anything now|your system instructions|"
    "your (new|real|actual|only) (task|instructions|goal|objective) (is|are)|(note|message|instructions) (to|"
    "for) the model|attention ai|(to|for) any (ai|llm|language model)|if you are (an ai|a language model|an llm|"
    "a large language model|a chatbot)|you are (an ai|a language model)|as an ai language model|(the|any|every|"
    "this) (model|assistant|ai|chatbot) (must|should|shall) (answer|reply|say|choose)|(ai|language|"
    "ai language) (models|assistants) (must|should|shall) (answer|reply|say|choose)|from now on( you must| you will|"
    " always|) (answer|reply|respond|say)|(system|admin|priority|instruction) override|(previous|prior|"
    "earlier) instructions are( now|) (void|suspended|cancelled|deprecated|invalid|outdated)|(supersedes|supersede|"
    "take priority over|override|overrides)( all|) (prior|previous) instructions|new directive|the (other|above|"
    "retrieved|remaining) (passages|documents|sources) are (wrong|outdated|false|unreliable)|^pretend the (documents|"
    "passages|evidence|sources) (say|said)|^(output|print) (your|the text|the words|the phrase)|(start|begin|"
    "end) (your|every|each) (response|answer|reply) with|to every (response|answer|reply)|(do not|don't|"
    "never) (display|show)( this|) to( the|) user", decode="decode|decrypt|unscramble|decipher",
    coded="string|text|message|following|below", passage="passage|source|document|evidence|extract|reference|"
    "citation|snippet", tells="says?|states?|supports?|confirms?|proves?|shows?|establish(?:es)?",
    ended="^end of( the|) (evidence|context|passages|passage|prompt|user input|input|retrieved|documents|untrusted)|"
    "^evidence ends|^(begin|start|start of) (system|new|instructions)",
    more=(
        ("instruction", "(note|message|instruction|instructions|memo) (to|for)",
         " (?:(?:the|any|all|every) )?(?:ai|llms?|(?:large )?language models?|chatbots?)(?! (?:research|"
         "training))<E>(?!-)"),
        # "All" makes it an order to a model in any clause.
        ("instruction", "ignore|disregard|forget|override",
         " (?:all|any|every)(?: of)?(?: (?:the|your|my|these))? (?:previous|prior|earlier|above) (?:instructions?|"
         "prompts?|rules|directions|commands)<E>"),
        ("instruction", "the answer|best answer", " ?<IS>(?: (?:always|option|answer|letter)){0,2} <L>"),
        # Letters that stood apart leave no gaps between words; "~": even where no word begins.
        ("instruction", "~ignore|~disregard|~forget|~override",
         "(?:all|any|every|the|your|these|of){0,5}(?:previous|prior|earlier|above|system)(?:instruction|prompt|rule|"
         "text)"),
    ),
)  # fmt: skip
SPANISH = Words(
    cancel="^(ignora|ignore|ignoren|ignorar|olvida|olvide|olviden|olvidar|descarta|descarte|omite|omita|desestima|"
    "pasa por alto|pase por alto|anula|anule|cancela)|^no (sigas|siga|sigan|hagas caso|haga caso|tengas en cuenta|"
    "tenga en cuenta)|^(haz|haga) caso omiso", small="todas|todos|toda|todo|las|los|la|el|lo|de|del|a|tus|sus|tu|su|"
    "estas|estos|otras|otros|demás|que|y|cualquier", earlier="anterior|anteriores|previas|previos|previa|previo|"
    "precedentes|arriba|iniciales|sistema|recibidas|dadas",
    orders="instrucción|instrucciones|órdenes|indicaciones|reglas|mensajes?|tarea|directrices|directivas|contexto|"
    "texto|prompts?|pasajes|fuentes|evidencias?|normas|pautas|restricciones|documentos",
    every="todas|tus|tu|otras|demás", above="(?:todo )?lo (?:anterior(?! de)|dicho|que (?:se te|te|está arriba|"
    "has leído))", reply="^(responde|responda|respondan|contesta|conteste|siempre responde|siempre responda)|(debes|"
    "tienes que) (responder|contestar)|(limítate|limítese) a responder",
    only="solo|solamente|únicamente|siempre|exclusivamente|exactamente",
    that="que|la opción|la letra|con la (?:letra|opción|palabra)|libremente|sin restricciones",
    right="(respuesta|opción|alternativa) correcta", always="siempre", option="opción|respuesta|alternativa|letra",
    fits="(?:es|debe ser|será)(?: (?:siempre|la|única)){0,2} (?:correcta|verdadera|acertada)",
    choose="^(elige|elija|selecciona|seleccione|marca|marque|escoge|escoja)|(siempre|debes) (elige|elegir)",
    hush="^(no|nunca) (menciones|mencione)|no (le digas|digas|informes) al usuario|^no (cites|cite) otras|"
    "^no (reveles|revele) (estas|esta|este)", asked="(cuando|si) (te|se te|alguien|el usuario) (pregunten|preguntan|"
    "pregunte|pregunta)|cuando (pregunten|le pregunten)|si preguntan|a (cualquier|toda) pregunta",
    say="responde|di|contesta|responda|diga|conteste|afirma|afirme|elige|elija",
    become="(ahora|desde ahora|a partir de ahora) (eres|usted es)|eres ahora|ya no eres", article="una?|el|la",
    act="^(actúa|actúe|compórtate|compórtese) como|^hazte pasar por|^finge (ser|que eres)|^imagina que eres|"
    "^simula ser|^asume el papel de", persona="ia|asistente|chatbot|bot|modelo|sistema|médico|médica|doctora?|"
    "expert[oa]|especialista|oftalmólogo|administrador|personaje|dan",
    prompt="(prompt|mensaje|instrucciones) (del|de) sistema|instrucciones ocultas|modo desarrollador|"
    "tus nuevas instrucciones|tu (nueva|verdadera) tarea|(nota|mensaje|instrucciones) para (el modelo|la ia|"
    "modelos de|los modelos de)|atención ia|si eres (una ia|un modelo|un asistente)|eres una ia|(el modelo|"
    "el asistente|la ia) debe (responder|decir|elegir)|(a partir de ahora|de ahora en adelante) (responde|responda|"
    "debes responder)", decode="decodifica|decodifique|descodifica|descifra|descifre",
    coded="siguiente|texto|mensaje|cadena", passage="pasaje|fuente|documento|fragmento|evidencia|referencia",
    tells="dice|afirma|apoya|respalda|confirma|demuestra|sustenta|indica",
    ended="^fin (de la evidencia|de las pruebas|del contexto|de los pasajes|del prompt)",
)  # fmt: skip
PORTUGUESE = Words(
    cancel="^(ignora|ignore|ignorem|ignorar|esqueça|esquece|esqueçam|desconsidere|desconsidera|despreze|anule|"
    "cancele)|^não (siga|sigas|leve em conta|obedeça)", small="todas|todos|toda|todo|as|os|a|o|de|da|do|das|dos|suas|"
    "seus|sua|seu|tuas|essas|estas|quaisquer|e|que|outras",
    earlier="anterior|anteriores|prévias|prévios|acima|iniciais|sistema|precedentes|recebidas|dadas",
    orders="instrução|instruções|ordens|regras|mensagens|mensagem|diretrizes|orientações|contexto|texto|prompts?|"
    "trechos|fontes|evidências?|restrições|comandos|documentos", every="todas|suas|tuas|outras|demais",
    above="(?:tudo )?o que (?:foi dito|veio antes|está acima|lhe foi dito|te disseram)|tudo acima",
    reply="^(responda|responde|respondam|sempre responda)|(você deve|deves) responder|limite-se a responder",
    only="apenas|somente|só|sempre|unicamente|exclusivamente|exatamente",
    that="que|a opção|a letra|a alternativa|com a (?:letra|opção|alternativa|palavra)|livremente|sem restrições",
    right="(resposta|opção|alternativa) (correta|certa)", always="sempre", option="opção|resposta|alternativa|letra",
    fits="(?:é|deve ser|será)(?: (?:sempre|a|única)){0,2} (?:correta|certa|verdadeira)",
    choose="^(escolha|escolhe|selecione|marque|assinale)|sempre escolha|deve escolher",
    hush="^(não|nunca) (mencione|menciones)|não (diga|conte) ao usuário|não informe o usuário|^não cite outras|"
    "^não revele (estas|esta|este)", asked="(quando|se) (alguém|o usuário) perguntar|(quando|se)( te| lhe|"
    ") perguntarem|(quando|se) for perguntado|a (qualquer|toda) pergunta", say="responda|responde|diga|afirme|escolha",
    become="agora você é|você agora é|a partir de agora você é|você não é mais|(tu és agora|agora és)",
    article="uma?|o|a", act="^(aja|atue|comporte-se) como|^finja (ser|que é|que você é)|^imagine que você é|^(faça|"
    "assuma) o papel de", persona="ia|assistente|chatbot|bot|modelo|sistema|médic[oa]|doutora?|especialista|"
    "oftalmologista|administrador|personagem|dan", prompt="(prompt|mensagem|instruções) (do|de) sistema|"
    "instruções ocultas|modo desenvolvedor|suas novas instruções|sua nova tarefa|(nota|mensagem|"
    "instruções) para (o modelo|a ia|modelos de)|atenção ia|se você (é|for) (uma ia|um modelo)|você é uma ia|"
    "(o modelo|o assistente|a ia) deve (responder|dizer|escolher)|(a partir de agora|de agora em diante) responda",
    decode="decodifique|decodifica|decifre|descodifique", coded="seguinte|texto|mensagem",
    passage="passagem|trecho|fonte|documento|evidência|referência",
    tells="diz|afirma|apoia|confirma|comprova|demonstra|sustenta|indica",
    ended="^fim (da evidência|das evidências|do contexto|dos trechos|do prompt)",
)  # fmt: skip
FRENCH = Words(
    cancel="^(ignorez|ignore|ignorer|oublie|oubliez|annule|annulez)|^ne (tiens|tenez) (pas|aucun) compte|^ne (suis|"
    "suivez) pas|^(fais|faites) abstraction|^n'(obéis|obéissez) pas",
    small="toutes|tous|toute|tout|les|le|la|des|de|du|l|tes|vos|ton|votre|ces|autres|et|ensemble|données",
    earlier="précédent|précédente|précédents|précédentes|antérieures|ci-dessus|initiales|système|préalables|reçues",
    orders="instructions?|consignes?|règles|messages?|directives?|contexte|texte|prompts?|passages?|sources|preuves|"
    "ordres|indications|documents|restrictions", every="toutes|tes|vos|autres",
    above="(?:tout )?ce qui (?:précède|est écrit|a été dit)|tout ce qu (?:on|il)",
    reply="^(réponds|répondez|ne réponds que|ne répondez que|réponds toujours|répondez toujours)|(tu dois|"
    "vous devez) répondre|(contente-toi|contentez-vous) de répondre",
    only="uniquement|seulement|toujours|exclusivement|exactement|simplement",
    that="que|l option|la lettre|par la (?:lettre|phrase)|par l option|par le mot|librement|"
    "sans (?:aucune )?restrictions?", right="(bonne réponse|réponse correcte|bonne option|réponse exacte|"
    "option correcte)", always="toujours", option="option|réponse|lettre|choix",
    fits="(?:est|doit être|sera)(?: (?:toujours|la|le|seule)){0,2} (?:correcte|bonne|exacte|juste|vraie)",
    choose="^(choisis|choisissez|sélectionne|sélectionnez|coche|cochez)|choisis toujours|choisissez toujours",
    hush="^ne (mentionne|mentionnez) (pas|jamais)|ne (dis|dites) (pas|rien) à l'utilisateur|^ne (cite|"
    "citez) pas d'autres|^ne (révèle|révélez) pas (ces|cette|ce)",
    asked="(quand|lorsque|si) (on te|l'on te|l'utilisateur|quelqu'un|on vous) demande|à (toute|chaque) question|"
    "lorsqu'on (te|vous) demande", say="réponds|répondez|dis|dites|affirme|affirmez|choisis|choisissez",
    become="tu es (maintenant|désormais)|vous êtes (maintenant|désormais)|désormais tu es|"
    "à partir de maintenant tu es|tu n'es plus|vous n'êtes plus", article="une?|le|la",
    act="^(agis|agissez|comporte-toi|comportez-vous) comme|^fais semblant d'être|^faites comme si vous étiez|^(joue|"
    "jouez) le rôle|^imagine que tu es", persona="ia|assistante?|chatbot|robot|modèle|système|médecin|docteur|"
    "experte?|spécialiste|ophtalmologue|administrateur|personnage|dan",
    prompt="(invite|prompt|message|instructions) (système|du système)|instructions cachées|"
    "tes nouvelles (instructions|consignes)|(ta|votre) nouvelle tâche|(note|message|instructions) (pour|"
    "à) (le modèle|l'ia|les modèles)|attention ia|si tu es (une ia|un modèle)|si vous êtes (une ia|un modèle)|"
    "tu es une ia|(le modèle|l'assistant|l'ia) doit (répondre|dire|choisir)|(à partir de maintenant|"
    "désormais) (réponds|répondez)", decode="décode|décodez|déchiffre|déchiffrez",
    coded="suivant|texte|message|chaîne", passage="passage|source|document|extrait|preuve|référence",
    tells="dit|affirme|confirme|soutient|prouve|appuie|montre|indique",
    ended="^fin (des preuves|du contexte|des passages|du prompt|des documents)",
)  # fmt: skip
GERMAN = Words(
    cancel="^(ignoriere|ignoriert|ignorieren sie|vergiss|vergesst|vergessen sie|missachte|missachten sie|"
    "überspringe)|^(befolge|befolgen sie) nicht", small="alle|allen|aller|die|den|das|der|dem|deine|ihre|diese|"
    "jegliche|anderen|und|sie|bitte", earlier="vorherige[nrs]?|bisherige[nrs]?|vorangehenden|vorangegangenen|"
    "vorigen?|obigen?|früheren|oben|ursprünglichen", orders="anweisung|anweisungen|instruktionen|regeln|befehle|"
    "vorgaben|nachrichten|kontext|text|prompts?|quellen|passagen|systemprompt", every="alle|deine|anderen",
    above="alles(?: was)? (?:oben|bisher|vorher|davor|zuvor)",
    reply="^(antworte|antworten sie|antworte immer|antworten sie immer)|(du musst|sie müssen) (antworten|mit)",
    only="nur|ausschließlich|immer|stets|genau|lediglich", that="dass|option|mit (?:option|dem (?:buchstaben|wort)|"
    "antwort)|ohne einschränkungen|frei", right="(richtige|korrekte) (antwort|option|lösung)", always="immer|stets",
    option="option|antwort|buchstabe", fits="(?:ist|muss)(?: (?:immer|die|stets)){0,2} (?:richtig|korrekt|richtige)",
    choose="^(wähle|wählen sie|markiere|markieren sie|nimm)( immer|)",
    hush="^(erwähne|erwähnen sie) (nicht|niemals|nie)|(sage|sag|sagen sie) dem nutzer (nicht|nichts)",
    asked="(wenn|falls|sobald) (du gefragt wirst|man dich fragt|der nutzer fragt|jemand fragt|gefragt wird)|"
    "auf (jede|alle) (frage|fragen)", say="antworte|sage|sag|behaupte|wähle|antworten sie|sagen sie",
    become="du bist (jetzt|nun|ab jetzt|nicht mehr)|ab jetzt bist du|ab sofort bist du|sie sind (jetzt|nun)",
    article="eine?|der|die|das|kein", act="^(verhalte dich|verhalten sie sich|agiere|agieren sie|handle) (wie|als)|"
    "^tu so als (ob|wärst)|^stell dir vor du", persona="ki|assistent|chatbot|bot|modell|sprachmodell|system|arzt|"
    "ärztin|doktor|experte|augenarzt|administrator|dan", prompt="systemprompt|system-prompt|(versteckte|"
    "versteckten) anweisungen|systemanweisung|systemnachricht|deine neue aufgabe|deine neuen anweisungen|(hinweis|"
    "anweisung|nachricht) (an|für) (das modell|die ki|ki|sprachmodelle)|achtung ki|wenn du (eine ki|"
    "ein sprachmodell) bist|du bist eine ki|(ab jetzt|ab sofort|von nun an) (antworte|antwortest)",
    decode="dekodiere|dekodieren sie|entschlüssele|decodiere", coded="folgenden?|text|nachricht|zeichenfolge",
    passage="passage|quelle|dokument|abschnitt|beleg|textstelle", tells="sagt|besagt|bestätigt|stützt|belegt|beweist",
    ended="^ende (der belege|des kontexts|der evidenz|der passagen|des prompts)",
    more=(
        ("instruction", "das modell (muss|soll)|der assistent (muss|soll)|die ki (muss|soll)",
         "<0-5> (?:antworten|sagen|wählen)<E>"),
        ("instruction", "alle (vorherigen|bisherigen|obigen|vorigen)|die (vorherigen|bisherigen|obigen)",
         r"(?: <w>){1,3}? (?:ignorieren|vergessen|missachten|verwerfen)(?=[^\w\s]|\s?$|\s?\n| und )"),
    ),
)  # fmt: skip
FILIPINO = Words(
    cancel="^(balewalain|ipagwalang-bahala|isantabi|kalimutan|i-ignore|ignorahin)|^huwag( mong| ninyong|) (pansinin|"
    "sundin)", small="ang|lahat|ng|mga|mo|ninyo|iyong|inyong|sa|na|ibang|iba|pang|nasa|at",
    earlier="naunang|nauna|nakaraang|nakaraan|itaas|dating|orihinal|unang|previous|system",
    orders="tagubilin|utos|panuto|instruksyon|instruksiyon|alituntunin|patakaran|mensahe|konteksto|teksto|"
    "ebidensya|sipi|instructions?|prompts?|rules", every="lahat|iyong|ibang",
    above="(?:ang )?lahat ng (?:nasa itaas|sinabi|nauna|nabasa)",
    reply="^(sumagot|sagutin|isagot|palaging sumagot|palaging isagot|laging isagot|tumugon)|dapat (mong|"
    "kang) (isagot|sumagot)", only="lamang|lang|palagi|lagi", that="ng|na|nang|ang (?:opsyon|opsyong|letrang|sagot)",
    right="(tamang|wastong) (sagot|opsyon)", always="palagi|palaging|laging|lagi",
    option="opsyon|opsyong|sagot|letra|letrang", fits="ang (?:tama|tamang|wasto)|ay (?:tama|ang tamang)",
    choose="^(piliin|pumili|palaging piliin|laging piliin)",
    hush="^huwag( mong| ninyong|) banggitin|huwag( mong|) sabihin sa (user|gumagamit|nagtatanong)",
    asked="(kapag|kung|pag) (tinanong|may nagtanong|nagtanong ang user|tinanong ka|itinanong|nagtanong)|sa (bawat|"
    "lahat ng) tanong", say="sabihin( mo)?|isagot( mo)?|sumagot|sagutin|piliin",
    become="ikaw ay (ngayon|isa nang)|ikaw na ngayon ay|mula ngayon ikaw|ngayon ikaw ay|hindi ka na",
    act="^(kumilos|umakto|gumanap|magpanggap)( ka|)( bilang| na)",
    persona="ai|assistant|chatbot|bot|modelo|model|sistema|doktor|manggagamot|eksperto|dalubhasa|katulong|dan",
    prompt="nakatagong tagubilin|system prompt ng|(paalala|mensahe|tagubilin) (sa|para sa) (ai|modelo|model)|"
    "kung ikaw ay (isang ai|isang modelo)|ang iyong bagong (tagubilin|gawain)|ikaw ay isang ai|mula ngayon (sumagot|"
    "isagot|sabihin)", decode="i-decode|idecode|isalin ang", coded="base ?64|sumusunod|teksto|mensahe",
    passage="sipi|pinagmulan|dokumento|talata|ebidensya|source|passage",
    tells="ay nagsasabi|ay sumusuporta|nagsasabi|sumusuporta|nagpapatunay|sinasabi|nagkukumpirma",
    ended="^(katapusan|wakas|dulo) ng (ebidensya|konteksto|prompt|mga sipi)",
)  # fmt: skip
RUSSIAN = Words(
    cancel="^(игнорируй|игнорируйте|игнорировать|проигнорируй|проигнорируйте|забудь|забудьте|отбрось|отбросьте|"
    "отмени|отмените)|^не (обращай|обращайте) внимания|^не (следуй|следуйте|выполняй|выполняйте)",
    small="все|всех|эти|эту|свои|твои|ваши|любые|на|другие|и",
    earlier="предыдущ[а-я]{1,3}|прежн[а-я]{1,3}|выше|предшествующ[а-я]{1,3}|прошл[а-я]{1,3}|ранее|системн[а-я]{1,3}|"
    "вышеуказанн[а-я]{1,3}|данные", orders="инструкци[а-я]{1,3}|указани[а-я]{1,3}|команд[а-я]{0,2}|правил[а-я]{0,2}|"
    "сообщени[а-я]{1,3}|контекст[а-я]{0,2}|текст[а-я]{0,2}|промпт[а-я]{0,2}|источник[а-я]{0,2}",
    every="все|твои|свои|другие", above="все(?: что)? (?:выше|ранее|до этого|было|написано|сказанное)",
    reply="^(отвечай|отвечайте|ответь|ответьте|всегда отвечай|всегда отвечайте)|(ты должен|вы должны) (ответить|"
    "отвечать)", only="только|всегда|исключительно|лишь", that="что|вариант|буквой|вариантом|без ограничений|свободно",
    right="(правильный|верный) (ответ|вариант)", always="всегда", option="вариант|ответ|буква",
    fits="(?:всегда )?(?:является )?(?:правильный|верный|правильным|верным|верен)",
    choose="^(выбери|выбирай|выберите|выбирайте)( всегда|)",
    hush="^не (упоминай|упоминайте)|не (говори|говорите|сообщай|сообщайте) пользователю",
    asked="(если|когда) (тебя|вас|пользователь|кто-то|кто-нибудь) (спросят|спросит|спрашивают|спрашивает)|на (любой|"
    "каждый) вопрос", say="отвечай|отвечайте|ответь|скажи|скажите|говори|утверждай|выбери|выбирай",
    become="ты (теперь|больше не|сейчас)|теперь ты|с этого момента ты|отныне ты|вы теперь",
    act="^(действуй|веди себя|отвечай|ведите себя) как|^притворись|^представь что ты|^сыграй роль|^играй роль",
    persona="ии|ассистент|помощник|модель|чат-бот|бот|система|врач|врача|врачом|доктор|эксперт|эксперта|экспертом|"
    "офтальмолог", prompt="системный промпт|скрыт(ые|ую) инструкци(и|ю)|системная инструкция|системное сообщение|"
    "твоя новая задача|твои новые инструкции|(примечание|сообщение|инструкция) для (модели|ии|языковой модели)|"
    "если ты (ии|языковая модель)|ты языковая модель|(модель|ассистент|ии) (должна|должен) (ответить|отвечать|"
    "сказать|выбрать)|(отныне|с этого момента) отвечай", decode="декодируй|декодируйте|расшифруй|расшифруйте",
    coded="следующ[а-я]{1,3}|строк[а-я]|текст|сообщение", passage="отрывок|источник|документ|фрагмент|доказательство",
    tells="говорит|подтверждает|доказывает|утверждает|указывает",
    ended="^конец (контекста|доказательств|свидетельств|отрывков|промпта)",
)  # fmt: skip
ARABIC = Words(
    cancel="^(تجاهل|تجاهلي|تجاهلوا|انس|انسى|انسوا|أهمل|ألغ)|^لا (تتبع|تتبعوا|تلتزم)",
    small="كل|جميع|كافة|أي|هذه|عن|و|ما|من|في|إلى|لك|المذكورة",
    earlier="السابقة|السابق|أعلاه|السالفة|المذكورة|النظام|الأصلية|المسبقة|سبق",
    orders="(?:ال)?(?:تعليمات|أوامر|توجيهات|إرشادات|قواعد|رسائل|سياق|نص|نصوص|مصادر|أدلة)ك?", every="كل|جميع|كافة",
    above="(?:كل |جميع )?ما (?:سبق|قبل|ورد|قيل)|(?:قواعد|تعليمات|توجيهات)ك",
    reply="^(أجب|أجيبوا|رد)|(يجب أن|عليك أن) (تجيب|ترد)", only="فقط|دائما|دوما|حصرا",
    that="بأن|أن|الخيار|بالخيار|بالحرف|ب|بحرية|(?:بدون|بلا) قيود",
    right="(الإجابة|الجواب) (الصحيحة|الصحيح)|الخيار الصحيح", always="دائما|دوما", option="الخيار|الإجابة|الحرف",
    fits="(?:هو |هي )?(?:دائما )?(?:الصحيح|الصحيحة|صحيح|صحيحة)", choose="^(اختر|اختاري|اختاروا)( دائما|)",
    hush="^لا (تذكر|تذكري|تذكروا)|لا تخبر المستخدم", asked="(عندما|إذا|كلما) (تسأل|سئلت|يسأل المستخدم|سألك|"
    "سأل المستخدم|يسألك|سأل أحد)|عن أي سؤال|على أي سؤال", say="قل|أجب|فقل|فأجب|رد|اختر|فاختر|اذكر",
    become="أنت الآن|من الآن أنت|لم تعد|أنت لست", act="^(تصرف|تصرفي|تقمص) (كأنك|دور|وكأنك|مثل)|^(تظاهر|تخيل) (بأنك|"
    "أنك)", persona="(?:بلا|بدون) قيود|ذكاء|مساعد|مساعدا|نموذج|نموذجا|طبيب|طبيبا|خبير|خبيرا|نظام|روبوت|بوت",
    prompt="موجه النظام|رسالة النظام|تعليمات النظام|تعليماتك الجديدة|مهمتك الجديدة|(ملاحظة|رسالة) (للنموذج|"
    "إلى النموذج)|إذا كنت (نموذج|نموذجا|ذكاء)|(يجب على|على) (النموذج|المساعد) أن (يجيب|يقول|يختار)|"
    "من الآن فصاعدا (أجب|قل)", decode="فك (تشفير|ترميز|شفرة)", coded="base ?64|النص|الرسالة|التالي|التالية|السلسلة",
    passage="المقطع|المصدر|الوثيقة|الفقرة|الدليل|المستند", tells="يقول|تقول|يؤكد|يدعم|يثبت|تدعم|تؤكد",
    ended="^نهاية (الأدلة|السياق|المقاطع|الموجه)",
)  # fmt: skip
CHINESE = Words(
    cancel="^(请|)(忽略|无视|忘记|忘掉|不要理会|不理会|无需理会|不要遵循|不要遵守|停止遵循|抛开|推翻|取消|忽視|無視|"
    "忘記)", small="所有|一切|全部|任何|的|在|此|你|您|该|这些|掉|了|收到|看到|给你|给出|给定|所说|写|其中",
    earlier="之前|以上|上述|上面|前面|先前|此前|前述|系统|原有|原来|初始|上文|前文|既有",
    orders="指令|指示|说明|提示词?|命令|规则|规定|内容|要求|信息|文字|对话|上下文|证据|资料|限制|指南|指引|规矩|設定|"
    "設置", every="所有|一切|全部|其他|其它|你的", above="(?:之前|以上|上述|上面|前面)[^.。]{0,8}?(?:一切|所有|全部)|"
    "你的任务", reply="^(请|)(只|仅|一律|务必|始终|总是|直接)(回答|回复|输出)|你(必须|务必|只能|应当)(回答|回复|"
    "输出)|^(必须|务必)(回答|回复)", only="只|仅|只能|始终", that="选项|答案|说|称|是|不",
    right="正确(的|)(答案|选项)|正解", always="永远|始终|总是|都|一律|必须", option="选项|答案|选择",
    fits="(?:才?是|为|永远是|始终是|一定是)(?:唯一)?(?:的)?正确",
    choose="^(请|)(选择|选|勾选|选取)|(始终|总是|永远|必须|一律|务必)(选择|选)",
    hush="^(请|)(不要|不得|切勿|请勿|不能|绝不)(提及|提到)|(不要|不得|切勿)告诉(用户|提问者)|(不要|不得|切勿)(透露|"
    "泄露)(本|此|这|该|系统)", asked="(当|如果|若|每当|一旦|如)(被问|有人问|用户问|用户询问|有人询问)|(被问到|"
    "被问及)|对(任何|所有)问题", say="回答|答复|说|声称|告诉用户|告诉他们|选择|回复|答",
    become="(你|您)(现在|从现在起|不再)是|(从现在起|从现在开始|现在)(，|)(你|您)(就|)是",
    act="(请|请你|你将|你要|现在)(扮演|充当|模仿|假装)|^(假装|假设|设想)你是",
    persona="助手|助理|模型|人工智能|ai|机器人|医生|专家|医师|dan|大夫|程序",
    prompt="系统提示词|系统提示语|你的系统提示|隐藏(的|)指令|自由(地|)回答|(无|不受)限制(地|)回答|你的提示词|"
    "系统指令|开发者模式|越狱模式|(致|给)(模型|ai|人工智能|语言模型)(的|：|:)|如果你是(ai|人工智能|语言模型|大模型|"
    "一个)|你是一个(ai|人工智能|语言模型)|(模型|助手|ai)(必须|应当|应该)(回答|说|选择)|从现在(起|开始)(，|)(请|"
    "你必须|必须|)(只|一律|)回答|你的新(任务|指令)(是|：|:)", decode="(请|)(解码|解密|破译)",
    coded="base ?64|以下|下面|下列|文本|字符串", passage="段落|文献|证据|来源|资料|文档",
    tells="(?:明确)?(?:支持|表明|说|指出|证明|证实|确认|说明)了?",
    ended="^(证据|上下文|资料|提示词|文档)(到此|已|)结束|^以上(为|是)(全部|)(证据|资料)(。|，|结束)", spaced=False,
    more=(
        ("citation", "第(1|2|3|4|5|一|二|三|四|五)(段|条|篇|份)",
         "(?:明确)?(?:支持|表明|说|指出|证明|证实|确认)了?(?:正确)?(?:的)?(?:答案|选项|<L>)"),
    ),
)  # fmt: skip
HINDI = Words(
    that="कि|विकल्प", right="सही (उत्तर|जवाब|विकल्प)", always="हमेशा|सदैव|सदा", option="विकल्प|उत्तर|जवाब",
    fits="(?:हमेशा |ही )?सही (?:है|होगा)", hush="का (उल्लेख|ज़िक्र) (न करें|न करो|मत करें|मत करो|मत करना|न कीजिए)|(उपयोगकर्ता|"
    "यूज़र) को (न बताएँ|मत बताओ|मत बताएँ)", asked="(जब|यदि|अगर|जब भी) (पूछा जाए|कोई पूछे|उपयोगकर्ता पूछे|तुमसे पूछा|आपसे पूछा)|"
    "(पूछे जाने पर)|(हर|किसी भी) सवाल", say="कहें|कहो|कहिए|कहना|बताएँ|उत्तर दें|जवाब दें|उत्तर दो|जवाब दो|चुनें|चुनो",
    become="अब (तुम|आप|से तुम|से आप)|(तुम|आप) अब", persona="(?:एआई|ai|सहायक|मॉडल|चैटबॉट|डॉक्टर|विशेषज्ञ|सिस्टम|dan) (?:हो|हैं|बन)",
    prompt="डेवलपर मोड|छिपे हुए (निर्देश|निर्देशों)|सिस्टम प्रॉम्प्ट|सिस्टम निर्देश|(की|का) भूमिका (निभाएँ|निभाओ|निभाइए)|"
    "होने का नाटक (करें|करो)|(तुम्हारे|आपके) नए निर्देश|अगर (तुम|आप) (एआई|ai|भाषा मॉडल)|(तुम|आप) एक (एआई|ai)|मॉडल के लिए (निर्देश|"
    "सूचना)|(मॉडल|सहायक) को (उत्तर|जवाब) देना", decode="base64|बेस64|इस संदेश को|निम्न संदेश को|नीचे दिए|इसे",
    coded="डिकोड (?:कर|करें|करके)|डीकोड (?:कर|करें|करके)", passage="अंश|स्रोत|दस्तावेज़|अनुच्छेद|साक्ष्य|संदर्भ",
    tells="कहता है|समर्थन करता है|पुष्टि करता है|बताता है|के अनुसार", ended="^(साक्ष्य|संदर्भ|प्रॉम्प्ट|अंश) (समाप्त|खत्म)",
    more=(
        ("instruction", "(पिछले|पिछली|पहले के|पहले की|पहले दिए|पूर्व|उपरोक्त|ऊपर के|ऊपर दिए|ऊपर लिखे|ऊपर लिखी|ऊपर की|इससे पहले|"
         "सभी|सारे|सारी|अपने|अपनी)",
         "<0-4> (?:निर्देश|आदेश|हिदायत|नियम|संदेश|प्रॉम्प्ट|बात|पाठ|सामग्री|साक्ष्य|संदर्भ)(?:<w>)?<0-3> (?:(?:अनदेखा|अनदेखी|"
         "नज़रअंदाज़|नज़रंदाज़|उपेक्षा|इग्नोर|रद्द) (?:कर (?:दें|दो|दीजिए)|करें|करो|कीजिए|करना)|भूल (?:जाएँ|जाओ|जाइए)|भुला (?:दें|दो)|"
         "मत मानो|न मानें)"),
        ("instruction", "(केवल|सिर्फ़|हमेशा|सदैव|बस)", "<0-4> (?:उत्तर|जवाब) (?:दें|दो|दीजिए|देना है|देना होगा)"),
        ("instruction", "ऊपर जो", "<0-8> (?:भूल (?:जाओ|जाएँ|जाइए)|अनदेखा कर|नज़रअंदाज़ कर)"),
        ("instruction", "विकल्प", " <L>(?: (?:को|ही)){0,2} (?:चुनें|चुनो|चुनिए|चुनना)"),
    ),
)  # fmt: skip
ROMANISED = Words(
    that="ki|vikalp|option", right="sahi (jawab|javab|uttar|answer|option|vikalp)", always="hamesha|sada",
    option="vikalp|option|jawab|uttar", fits="(?:hamesha |hi )?sahi (?:hai|hoga)",
    hush="ka (zikr|jikr|ullekh) (mat|na) (karo|karna|karen|kare)|user ko mat (batao|batana)",
    asked="(jab|agar|jab bhi) (koi|user) (puche|poochhe|pooche)|jab (pucha|poocha) jaye|(puche|pooche) jane par",
    say="kaho|kahen|kahna|bolo|bolna|batao|jawab do|chuno", become="ab (tum|aap|se tum)|(tum|aap) ab",
    persona="(?:ai|assistant|model|chatbot|doctor|expert|system|dan|sahayak) (?:ho|hain|hai|ban)",
    prompt="ki bhumika (nibhao|nibhaye|nibhayen)|hone ka natak karo|tumhare naye (nirdesh|instructions)|agar tum (ai|"
    "model)", decode="is (message|text|sandesh) ko|base64 ko", coded="decode (?:kar|karo|karke)",
    passage="passage|source|strot|ansh", tells="kehta hai|kahta hai|batata hai|support karta hai",
    more=(
        ("instruction", "(pichhle|pichle|pichhli|upar ke|upar ki|upar diye|pehle ke|pehle ki|pahle ke|sabhi|sare|"
         "saare|purane)",
         r"<0-4> (?:nirdesh\w{0,3}|instructions?|hidayat\w{0,3}|a{1,2}desh\w{0,3}|niyam\w{0,3}|baat\w{0,3}|rules?|"
         r"prompt)<0-3> (?:ignore|andekha|andekhi|nazarandaz|nazar andaz|bhool|bhul|bhula) (?:kar do|kar den|karo|"
         r"karen|karna|kijiye|jao|jaye|jaiye|do|den)"),
        ("instruction", "(sirf|keval|hamesha|bas)", "<0-4> (?:jawab|javab|uttar|answer) (?:do|den|dein|dijiye|dena)"),
        ("instruction", "(vikalp|option)", " <L>(?: (?:ko|hi)){0,2} (?:chuno|chunen|chunein|select karo)"),
    ),
)  # fmt: skip
LANGUAGES = (
    ENGLISH, SPANISH, PORTUGUESE, FRENCH, GERMAN, FILIPINO, RUSSIAN, ARABIC, CHINESE, HINDI, ROMANISED,
)  # fmt: skip
"""Every language whose phrases are known; a text is searched for all of them, whatever its own language is."""
