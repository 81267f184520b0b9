"""Four passages and a question on each, the same in eight languages, and the forms in which such data is published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

TOPICS = ("cataract", "glaucoma", "conjunctivitis", "dry-eye")
# Language -> for each topic the passage and the question.
TEXTS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("A cataract is a clouding of the lens. Surgery replaces it with a clear artificial lens.",
         "What replaces the clouded lens in cataract surgery?"),
        ("Glaucoma damages the optic nerve. Drops that lower the pressure inside the eye slow it down.",
         "Which drops slow down glaucoma?"),
        ("Viral conjunctivitis spreads easily. Washing your hands often protects other people.",
         "How do you protect other people from viral conjunctivitis?"),
        ("Dry eyes burn and feel gritty. Artificial tears without preservatives bring relief.",
         "What brings relief to dry eyes?"),
    ),
    "es": (
        ("La catarata es la pérdida de transparencia del cristalino. La cirugía lo sustituye por una lente artificial.",
         "¿Con qué se sustituye el cristalino opaco en la cirugía de catarata?"),
        ("El glaucoma daña el nervio óptico. Las gotas que bajan la presión del ojo lo frenan.",
         "¿Qué gotas frenan el glaucoma?"),
        ("La conjuntivitis vírica se contagia con facilidad. Lavarse las manos a menudo protege a los demás.",
         "¿Cómo se protege a los demás de la conjuntivitis vírica?"),
        ("El ojo seco arde y da sensación de arenilla. Las lágrimas artificiales sin conservantes alivian.",
         "¿Qué alivia el ojo seco?"),
    ),
    "pt": (
        ("A catarata é a opacificação do cristalino. A cirurgia troca-o por uma lente artificial transparente.",
         "Pelo que se troca o cristalino opaco na cirurgia de catarata?"),
        ("O glaucoma lesa o nervo óptico. Os colírios que baixam a pressão do olho retardam a doença.",
         "Que colírios retardam o glaucoma?"),
        ("A conjuntivite viral transmite-se com facilidade. Lavar as mãos muitas vezes protege as outras pessoas.",
         "Como se protegem as outras pessoas da conjuntivite viral?"),
        ("O olho seco arde e parece ter areia. As lágrimas artificiais sem conservantes trazem alívio.",
         "O que traz alívio ao olho seco?"),
    ),
    "fr": (
        ("La cataracte est une opacification du cristallin. L'opération le remplace par une lentille artificielle.",
         "Par quoi remplace-t-on le cristallin opaque lors de l'opération de la cataracte ?"),
        ("Le glaucome abîme le nerf optique. Les collyres qui abaissent la pression de l'œil le ralentissent.",
         "Quels collyres ralentissent le glaucome ?"),
        ("La conjonctivite virale est très contagieuse. Se laver souvent les mains protège l'entourage.",
         "Comment protéger l'entourage d'une conjonctivite virale ?"),
        ("L'œil sec brûle et donne une sensation de sable. Les larmes artificielles sans conservateur soulagent.",
         "Qu'est-ce qui soulage l'œil sec ?"),
    ),
    "zh-Hans": (
        ("白内障是晶状体变混浊。手术用透明的人工晶状体代替它。", "白内障手术用什么代替混浊的晶状体？"),
        ("青光眼会损害视神经。降低眼压的眼药水可以延缓病情。", "哪些眼药水可以延缓青光眼？"),
        ("病毒性结膜炎很容易传染。经常洗手可以保护他人。", "怎样保护他人不得病毒性结膜炎？"),
        ("干眼会有灼热感和沙粒感。不含防腐剂的人工泪液可以缓解。", "什么可以缓解干眼？"),
    ),
    "hi": (
        ("मोतियाबिंद में आँख का लेंस धुंधला हो जाता है। ऑपरेशन में उसकी जगह साफ़ कृत्रिम लेंस लगाया जाता है।",
         "मोतियाबिंद के ऑपरेशन में धुंधले लेंस की जगह क्या लगाया जाता है?"),
        ("काला मोतिया ऑप्टिक नर्व को नुकसान पहुँचाता है। आँख का दबाव घटाने वाली बूँदें इसे धीमा करती हैं।",
         "काला मोतिया को कौन सी बूँदें धीमा करती हैं?"),
        ("वायरल कंजंक्टिवाइटिस आसानी से फैलता है। बार-बार हाथ धोने से दूसरे लोग बचे रहते हैं।",
         "वायरल कंजंक्टिवाइटिस से दूसरे लोगों को कैसे बचाएँ?"),
        ("सूखी आँखों में जलन और किरकिराहट होती है। बिना प्रिज़र्वेटिव वाले कृत्रिम आँसू आराम देते हैं।",
         "सूखी आँखों में किससे आराम मिलता है?"),
    ),
    "fil": (
        ("Ang katarata ay paglabo ng lente ng mata. Sa operasyon, pinapalitan ito ng malinaw na artipisyal na lente.",
         "Ano ang ipinapalit sa malabong lente sa operasyon sa katarata?"),
        ("Sinisira ng glaucoma ang optic nerve. Pinababagal ito ng mga patak na nagpapababa ng presyon sa mata.",
         "Aling mga patak ang nagpapabagal sa glaucoma?"),
        ("Madaling makahawa ang viral na sore eyes. Napoprotektahan ang iba kapag madalas maghugas ng kamay.",
         "Paano mapoprotektahan ang iba sa viral na sore eyes?"),
        ("Mahapdi at parang may buhangin ang tuyong mata. Nakagiginhawa ang artipisyal na luha na walang preservative.",
         "Ano ang nakagiginhawa sa tuyong mata?"),
    ),
    "ar": (
        ("الساد هو تعتم عدسة العين. تستبدلها الجراحة بعدسة صناعية صافية.", "بماذا تستبدل جراحة الساد العدسة المعتمة؟"),
        ("الزرق يتلف العصب البصري. القطرات التي تخفض ضغط العين تبطئه.", "أي قطرات تبطئ الزرق؟"),
        ("التهاب الملتحمة الفيروسي شديد العدوى. غسل اليدين كثيرا يحمي الآخرين.",
         "كيف نحمي الآخرين من التهاب الملتحمة الفيروسي؟"),
        ("جفاف العين يسبب حرقة وإحساسا بالرمل. الدموع الاصطناعية بلا مواد حافظة تريح.", "ما الذي يريح جفاف العين؟"),
    ),
}  # fmt: skip
FLORES = {
    "en": "eng_Latn", "es": "spa_Latn", "pt": "por_Latn", "fr": "fra_Latn", "zh-Hans": "zho_Hans", "hi": "hin_Deva",
    "fil": "tgl_Latn", "ar": "arb_Arab",
}  # fmt: skip


def write_xquad(folder: Path, languages: Sequence[str] = tuple(TEXTS)) -> Path:
    """Write the texts as XQuAD publishes its own: SQuAD's form, a file per language."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages:
        paragraphs = [
            {"context": passage, "qas": [{"id": topic, "question": question, "answers": []}]}
            for topic, (passage, question) in zip(TOPICS, TEXTS[language], strict=True)
        ]
        content = {"version": "1.1", "data": [{"title": "Eye", "paragraphs": paragraphs}]}
        name = {"zh-Hans": "zh"}.get(language, language)
        (folder / f"xquad.{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_belebele(folder: Path, languages: Sequence[str] = tuple(TEXTS)) -> Path:
    """Write the texts as Belebele publishes its own: JSON lines, a file per language, rows in any order."""
    folder.mkdir(parents=True, exist_ok=True)
    for turn, language in enumerate(languages):
        rows = [
            {
                "link": f"https://en.wikibooks.org/wiki/{topic}", "question_number": 1, "flores_passage": passage,
                "question": question, "mc_answer1": "a", "mc_answer2": "b", "mc_answer3": "c", "mc_answer4": "d",
                "correct_answer_num": "1", "dialect": FLORES[language], "ds": "2023-05-03",
            }
            for topic, (passage, question) in zip(TOPICS, TEXTS[language], strict=True)
        ]  # fmt: skip
        write_rows(folder / f"{FLORES[language]}.jsonl", rows[turn % 4 :] + rows[: turn % 4])
    return folder


def write_rows(path: Path, rows: Sequence[object]) -> Path:
    """Write JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
