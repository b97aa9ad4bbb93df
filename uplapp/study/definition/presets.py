"""Texts that a new study starts from, in each language: titles, criteria, consent."""

from collections.abc import Mapping, Sequence
from typing import Any

from uplapp.errors import UnknownName

PAIRS, RATING = "pairs", "rating"
CONSENTS: Mapping[str, Mapping[str, str]] = {  # the standard texts, by what observers do
    PAIRS: {
        "en": (
            "You will see pairs of flickering pictures and say which of the two changes less. The pictures "
            "alternate a few times a second. Please do not take part if you are sensitive to flickering "
            "light, for instance if you have photosensitive epilepsy. We store your answers, their timing "
            "and the size of your window, nothing that names you. You can stop at any time, "
            "and you can withdraw your answers."
        ),
        "de": (
            "Sie sehen Paare flimmernder Bilder und sagen, welches der beiden sich weniger verändert. Die "
            "Bilder wechseln einige Male in der Sekunde. Bitte nehmen Sie nicht teil, wenn Sie empfindlich "
            "auf flimmerndes Licht reagieren, etwa bei fotosensibler Epilepsie. Wir speichern Ihre "
            "Antworten, deren Zeiten und die Größe Ihres Fensters, nichts, was Sie nennt. Sie können "
            "jederzeit aufhören und Ihre Antworten zurückziehen."
        ),
        "fr": (
            "Vous verrez des paires d'images qui scintillent et direz laquelle des deux change le moins. Les "
            "images alternent quelques fois par seconde. Ne participez pas si vous êtes sensible à la "
            "lumière qui scintille, par exemple en cas d'épilepsie photosensible. Nous enregistrons vos "
            "réponses, leur durée et la taille de votre fenêtre, rien qui vous nomme. Vous pouvez arrêter à "
            "tout moment et retirer vos réponses."
        ),
        "es": (
            "Verá pares de imágenes que parpadean y dirá cuál de las dos cambia menos. Las imágenes alternan "
            "algunas veces por segundo. Por favor, no participe si es sensible a la luz que parpadea, por "
            "ejemplo si tiene epilepsia fotosensible. Guardamos sus respuestas, su duración y el tamaño de "
            "su ventana, nada que le nombre. Puede parar en cualquier momento y retirar sus respuestas."
        ),
        "ja": (
            "ちらつく画像を2枚ずつご覧いただき、変化が少ないほうを選んでいただきます。画像は1秒に数回切り替わ"
            "ります。光過敏性てんかんなど、点滅する光に敏感な方は参加をお控えください。保存するのは、回答、回答"
            "にかかった時間、ウィンドウの大きさだけで、お名前にあたる情報は保存しません。いつでも中止でき、回答"
            "を取り消すこともできます。"
        ),
    },
    RATING: {
        "en": (
            "You will see pictures one at a time and rate each of them. We store your answers, their timing "
            "and the size of your window, nothing that names you. You can stop at any time, and you can "
            "withdraw your answers."
        ),
        "de": (
            "Sie sehen Bilder, eines nach dem anderen, und bewerten jedes. Wir speichern Ihre Antworten, "
            "deren Zeiten und die Größe Ihres Fensters, nichts, was Sie nennt. Sie können jederzeit aufhören "
            "und Ihre Antworten zurückziehen."
        ),
        "fr": (
            "Vous verrez des images une par une et noterez chacune. Nous enregistrons vos réponses, leur "
            "durée et la taille de votre fenêtre, rien qui vous nomme. Vous pouvez arrêter à tout moment et "
            "retirer vos réponses."
        ),
        "es": (
            "Verá imágenes una por una y valorará cada una. Guardamos sus respuestas, su duración y el "
            "tamaño de su ventana, nada que le nombre. Puede parar en cualquier momento y retirar sus "
            "respuestas."
        ),
        "ja": (
            "画像を1枚ずつご覧いただき、評価していただきます。保存するのは、回答、回答にかかった時間、ウィンドウ"
            "の大きさだけで、お名前にあたる情報は保存しません。いつでも中止でき、回答を取り消すこともできます。"
        ),
    },
}
PLACED: Mapping[str, Mapping[str, str]] = {  # what follows a consent text, where the study says it
    "en": {
        "internal_test": "This is an internal test: nothing is concluded from its answers.",
        "purpose": "Purpose",
        "contact": "Responsible, and how to reach them",
        "retention": "How long your answers are kept",
        "questions": "Who answers your questions",
    },
    "de": {
        "internal_test": "Dies ist ein interner Test: Aus seinen Antworten wird nichts gefolgert.",
        "purpose": "Zweck",
        "contact": "Verantwortlich, und wie erreichbar",
        "retention": "Wie lange Ihre Antworten aufbewahrt werden",
        "questions": "Wer Ihre Fragen beantwortet",
    },
    "fr": {
        "internal_test": "Ceci est un essai interne\N{NO-BREAK SPACE}: rien n'est conclu de ses réponses.",
        "purpose": "But",
        "contact": "Responsable, et comment le joindre",
        "retention": "Durée de conservation de vos réponses",
        "questions": "Qui répond à vos questions",
    },
    "es": {
        "internal_test": "Esta es una prueba interna: de sus respuestas no se concluye nada.",
        "purpose": "Finalidad",
        "contact": "Responsable, y cómo contactar",
        "retention": "Cuánto tiempo se guardan sus respuestas",
        "questions": "Quién responde a sus preguntas",
    },
    "ja": {
        "internal_test": "これは内部の試験です。回答から結論を出すことはありません。",
        "purpose": "目的",
        "contact": "責任者と連絡先",
        "retention": "回答の保存期間",
        "questions": "ご質問への対応者",
    },
}
# What manifests held up to version 0.1, where the page showed the standard texts above all the same.
FORMER_CONSENTS: Mapping[str, str] = {
    PAIRS: """You will see pairs of flickering pictures and say which of the two changes less.
The pictures alternate a few times a second. Please do not take part if you are sensitive to
flickering light, for instance if you have photosensitive epilepsy. We store your answers, their
timing and the size of your window, nothing that names you. You can stop at any time.""",
    RATING: """You will see pictures one at a time and rate each of them on a labelled scale.
We store your answers, their timing and the size of your window, nothing that names you.
You can stop at any time.""",
}
QUALITY = {
    "en": "How good does this image look?",
    "de": "Wie gut sieht dieses Bild aus?",
    "fr": "Comment trouvez-vous la qualité de cette image\N{NO-BREAK SPACE}?",
    "es": "¿Qué calidad tiene esta imagen?",
    "ja": "この画像の画質はどうですか？",
}
GRADES = {  # the three criteria of the loss comparison's own observations, section 5.2.2
    "denoising": {
        "en": "Is the noise gone?",
        "de": "Ist das Rauschen verschwunden?",
        "fr": "Le bruit a-t-il disparu\N{NO-BREAK SPACE}?",
        "es": "¿Ha desaparecido el ruido?",
        "ja": "ノイズは消えていますか？",
    },
    "structure": {
        "en": "Are colours and structures preserved?",
        "de": "Sind Farben und Strukturen erhalten?",
        "fr": "Les couleurs et les structures sont-elles conservées\N{NO-BREAK SPACE}?",
        "es": "¿Se conservan los colores y las estructuras?",
        "ja": "色と構造は保たれていますか？",
    },
    "details": {
        "en": "Are true details there, and none made up?",
        "de": "Sind echte Details da und keine erfundenen?",
        "fr": "Les vrais détails sont-ils là, sans détails inventés\N{NO-BREAK SPACE}?",
        "es": "¿Están los detalles verdaderos y ninguno inventado?",
        "ja": "本物の細部があり、ありもしない細部はありませんか？",
    },
}
RATINGS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "mos5": {"quality": QUALITY},
    "mos4": {"quality": QUALITY},
    "grade3": GRADES,
}
TASKS = (PAIRS, *RATINGS)
COMPARE = {
    "en": "Which picture changes less?",
    "de": "Welches Bild verändert sich weniger?",
    "fr": "Quelle image change le moins\N{NO-BREAK SPACE}?",
    "es": "¿Qué imagen cambia menos?",
    "ja": "変化が少ないのはどちらの画像ですか？",
}
RATE = {
    "en": "How good are these images?",
    "de": "Wie gut sind diese Bilder?",
    "fr": "Que valent ces images\N{NO-BREAK SPACE}?",
    "es": "¿Qué calidad tienen estas imágenes?",
    "ja": "これらの画像の画質はどうですか？",
}
TITLES = {PAIRS: COMPARE, **dict.fromkeys(RATINGS, RATE)}
LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "ja": "Japanese"}


def title(task: str, language: str) -> str:
    """The title that observers read on top, unless the researcher writes one."""
    return _titles(task)[language]


def tables(task: str, languages: Sequence[str], reference: str = "shown") -> dict[str, Any]:
    """The tables of study.toml that make a task: `rating` with its criteria, or no table for pairs."""
    _titles(task)
    if task == PAIRS:
        return {}
    criteria = [
        {"name": name, "question": questions[language], "scale": task, "language": language}
        for name, questions in RATINGS[task].items()
        for language in languages
    ]
    return {"rating": {"reference": reference, "criteria": criteria}}


def consent(rating: bool, language: str) -> str:
    """The standard consent text in a language, in English where that language lacks one."""
    texts = CONSENTS[RATING if rating else PAIRS]
    return texts.get(language, texts["en"])


def placed(said: Mapping[str, str | bool], language: str) -> str:
    """The paragraphs that follow a consent text, of what `said` holds for the keys of PLACED."""
    words = PLACED.get(language, PLACED["en"])
    test = [words["internal_test"]] if said["internal_test"] else []
    rows = [f"{words[name]}: {said[name]}" for name in words if name != "internal_test" and said[name]]
    return "".join(f"\n\n{row}" for row in [*test, *rows])


def _titles(task: str) -> Mapping[str, str]:
    if task not in TITLES:
        raise UnknownName("task", task, TASKS)
    return TITLES[task]
