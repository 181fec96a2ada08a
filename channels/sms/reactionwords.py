"""The sentences in which phones say by text that somebody reacted to a message. Data.

`{q}` stands for what was reacted to, `{q.}` for the same with or without a full stop, `{e}` for an
emoji. `'` stands for a curly one too, and a
space for any white space. Apart from that the wording is exact: a capital is a capital.

Sources. English: the names of tapbacks in Apple's Messages (classic ones by number 2000 to 2005
and 3000 to 3005, stickers 2007), as open programs that read and write them list them.
French, German, Spanish, Italian, Dutch, Danish, Norwegian, Swedish, Japanese: what open and
published Android programs for texts recognise, and message logs in their tests. Where a line says
"not sourced", nobody was found who had seen it; it is what the language suggests. Chinese, Arabic
and Korean are missing, as nothing was found: such a reaction is passed on as a text.
"""

from __future__ import annotations

HEART, LIKE, DISLIKE, LAUGH = "\u2764\ufe0f", "\U0001f44d", "\U0001f44e", "\U0001f602"
EMPHASIS, QUESTION, STICKER = "\u203c\ufe0f", "\u2753", "\U0001f3f7\ufe0f"

ADDED: dict[str, tuple[str, ...]] = {
    HEART: (
        "Loved {q}",
        "Le encantó {q}", "le encantó {q}", "Le encanta {q}",
        "A adoré {q}", "a adoré {q}",
        "A ajouté un « J'adore » à {q.}", "a ajouté un « J'adore » à {q.}",
        "A attribué la mention « Adore » à {q}", "a attribué la mention « Adore » à {q}",
        "{q} ein Herz hinzugefügt",
        "Hat {q} ein Herz hinzugefügt",  # not sourced
        "Liebt {q}",  # not sourced
        "Amou {q}", "Adorou {q}",  # not sourced
        "Ha aggiunto un cuoricino a {q}",
        "Gaf een hartje aan {q}",
        "Føjede et hjerte til {q}", "Satte et hjerte ved {q}", "Gav ett hjärta till {q}",
    ),
    LIKE: (
        "Liked {q}",
        "Le gustó {q}", "le gustó {q}", "Le gusta {q}", "Le Gusta {q}",
        "A aimé {q}", "a aimé {q}",
        "A ajouté un « J'aime » à {q.}", "a ajouté un « J'aime » à {q.}",
        "A attribué la mention « J'aime » à {q}", "a attribué la mention « J'aime » à {q}",
        "Gefällt: {q}", "Gefällt {q}",
        "Curtiu {q}", "Gostou de {q}",  # not sourced
        "Ha aggiunto “Mi piace” a {q}",
        "Vond {q} leuk",
        "Syntes om {q}", "Likte {q}", "Gillade {q}",
    ),
    DISLIKE: (
        "Disliked {q}",
        "No le gustó {q}",  # not sourced
        "No le gusta {q}",
        "N'a pas aimé {q}", "n'a pas aimé {q}",
        "A ajouté un « Je n'aime pas » à {q.}", "a ajouté un « Je n'aime pas » à {q.}",
        "A attribué la mention « Je n'aime pas » à {q}",
        "a attribué la mention « Je n'aime pas » à {q}",
        "Gefällt nicht: {q}",
        "Não curtiu {q}",  # Brazilian press, on texts from iPhones
        "Não gostou de {q}",  # not sourced
        "Ha aggiunto “Non mi piace” a {q}",
        "Vond {q} niet leuk",
        "Syntes ikke om {q}", "Mislikte {q}", "Ogillade {q}",
    ),
    LAUGH: (
        "Laughed at {q}",
        "Le dio risa {q}", "le dio risa {q}", "Le hace gracia {q}",
        "A ri de {q}", "a ri de {q}",
        "A ajouté un rire à {q.}", "a ajouté un rire à {q.}",
        "{q} ein Lachen hinzugefügt",
        "Hat {q} ein Lachen hinzugefügt",  # not sourced
        "Riu de {q}",  # not sourced
        "Trova divertente {q}",
        "Lachte om {q}",
        "Grinede af {q}", "Lo av {q}", "Skrattade åt {q}",
    ),
    EMPHASIS: (
        "Emphasized {q}", "Emphasised {q}",
        "Exclamó por {q}", "exclamó por {q}", "Le sorprende {q}",
        "A mis en évidence {q}", "A souligné {q}",
        "A ajouté des points d'exclamation à {q.}", "a ajouté des points d'exclamation à {q.}",
        "{q} ein Ausrufezeichen hinzugefügt",
        "Enfatizou {q}",  # not sourced
        "Ha aggiunto i punti esclamativi a {q}",
        "Benadrukte {q}",
        "Føjede udråbstegn til {q}", "Satte utropstegn ved {q}", "Betonade {q}",
    ),
    QUESTION: (
        "Questioned {q}",
        "Dudó sobre {q}", "dudó sobre {q}", "Duda sobre {q}",
        "A posé une question sur {q}",
        "A ajouté un point d'interrogation à {q.}", "a ajouté un point d'interrogation à {q.}",
        "{q} ein Fragezeichen hinzugefügt",
        "Questionou {q}",  # not sourced
        "Ha aggiunto il punto interrogativo a {q}",
        "Zette een vraagteken bij {q}",
        "Føjede et spørgsmålstegn til {q}", "Satte spørsmålstegn ved {q}",
        "Satte ett frågetecken på {q}",
    ),
    STICKER: ("Reacted with a sticker to {q}",),
}  # fmt: skip

REMOVED: dict[str, tuple[str, ...]] = {
    HEART: (
        "Removed a heart from {q}",
        "Ya no le encanta {q}",
        "A retiré son « J'adore » de {q.}", "a retiré son « J'adore » de {q.}",
        "A retiré la mention « Adore » de {q}", "A retiré un cœur de {q}",
        "Herz von {q} entfernt",
        "Removeu um coração de {q}",  # not sourced
        "Ha rimosso il cuoricino da {q}",
        "Verwijderde een hartje van {q}",
        "Fjernede et hjerte fra {q}", "Fjernet et hjerte fra {q}", "Tog bort ett hjärta från {q}",
    ),
    LIKE: (
        "Removed a like from {q}",
        "Ya no le gusta {q}",
        "A retiré son « J'aime » de {q.}", "a retiré son « J'aime » de {q.}",
        "A retiré un J'aime de {q}",
        "„Gefällt mir“ von {q} entfernt",
        "Removeu uma curtida de {q}",  # not sourced
        "Ha rimosso “Mi piace” da {q}",
        "Verwijderde een duim omhoog van {q}",
        "Fjernede et synes om fra {q}", "Liker ikke lenger {q}", "Tog bort ett gillande från {q}",
    ),
    DISLIKE: (
        "Removed a dislike from {q}",
        "Ya no le disgusta {q}",
        "A retiré son « Je n'aime pas » de {q.}", "a retiré son « Je n'aime pas » de {q.}",
        "„Gefällt mir nicht“ von {q} entfernt",
        "Ha rimosso “Non mi piace” da {q}",
        "Verwijderde een duim omlaag van {q}",
        "Fjernede et synes ikke om fra {q}", "Misliker ikke lenger {q}",
        "Tog bort ett ogillande från {q}",
    ),
    LAUGH: (
        "Removed a laugh from {q}",
        "Ya no le hace gracia {q}",
        "A retiré son rire de {q.}", "a retiré son rire de {q.}",
        "Lachen von {q} entfernt",
        "Removeu uma risada de {q}",  # not sourced
        "Non trova più divertente {q}",
        "Verwijderde een lach van {q}",
        "Fjernede et grin fra {q}", "Fjernet latter fra {q}", "Tog bort ett skratt från {q}",
    ),
    EMPHASIS: (
        "Removed an exclamation from {q}", "Removed an emphasis from {q}",
        "Ya no le sorprende {q}",
        "A retiré ses points d'exclamation de {q.}", "a retiré ses points d'exclamation de {q.}",
        "Ausrufezeichen von {q} entfernt",
        "Ha rimosso i punti esclamativi da {q}",
        "Verwijderde een uitroepteken van {q}",
        "Fjernede et udråbstegn fra {q}", "Fjernet et utropstegn fra {q}",
        "Tog bort utropstecken från {q}",
    ),
    QUESTION: (
        "Removed a question mark from {q}",
        "Ya no duda sobre {q}",
        "A retiré son point d'interrogation de {q.}", "a retiré son point d'interrogation de {q.}",
        "Fragezeichen von {q} entfernt",
        "Ha rimosso il punto interrogativo da {q}",
        "Verwijderde een vraagteken van {q}",
        "Fjernede et spørgsmålstegn fra {q}", "Fjernet et spørsmålstegn fra {q}",
        "Tog bort ett frågetecken från {q}",
    ),
    STICKER: ("Removed a sticker from {q}",),
}  # fmt: skip

EMOJI_ADDED = (
    "Reacted {e} to {q}", "Reacted with {e} to {q}",
    "Reaccionó con {e} a {q}", "Se ha reaccionado con {e} a {q}",
    "A réagi avec {e} à {q}", "A réagi {e} à {q}",
    "A attribué la mention « {e} » à {q}", "a attribué la mention « {e} » à {q}",
    "Hat mit {e} auf {q} reagiert",
    "Reagiu com {e} a {q}",  # not sourced
    "Ha reagito con {e} a {q}",
    "Reageerde met {e} op {q}",
    "Reagerede med {e} på {q}", "Reagerte med {e} på {q}", "reagerade med {e} på {q}",
    "{q}に{e}でリアクションしました",
)  # fmt: skip

EMOJI_REMOVED = (
    "Removed {e} from {q}",
    "Ha eliminado {e} de {q.}",
    "Eliminó {e} de {q}",  # not sourced
    "A retiré {e} de {q}", "A retiré la réaction {e} à {q}",
    "{e} aus {q} entfernt", "Entfernte {e} aus {q}",
    "Removeu {e} de {q}",  # not sourced
    "Ha rimosso {e} da {q}",
    "Verwijderde {e} uit {q}",
    "Fjernede {e} fra {q}", "Fjernet {e} fra {q}", "Tog bort {e} från {q}",
)  # fmt: skip

OBJECTS = frozenset(
    (
        "an image", "a photo", "a movie", "a video", "an attachment", "an audio message",
        "a contact", "a contact card", "a location", "a sticker", "a link", "a GIF",
        "una imagen",
        "une image", "ein Bild", "uma imagem", "un'immagine", "een afbeelding",  # not sourced
    )
)  # fmt: skip
"""What is named instead of quoted. Few: "le gustó una foto" is what people say themselves."""

QUOTES = (
    ("\u201c", "\u201d"),
    ('"', '"'),
    ("«", "»"),
    ("\u201e", "\u201c"),
    ("\u201e", "\u201d"),
    ("\u201d", "\u201d"),  # Swedish
    ("»", "«"),  # Danish
)
