"""Writes reviews.csv: short reviews of films, liked or not, made of words; the same on every machine."""
import csv, os

GOOD = ["wonderful", "moving", "clever", "funny", "brilliant", "charming", "gripping", "beautiful", "fresh", "warm"]
BAD = ["dull", "slow", "clumsy", "boring", "awful", "flat", "noisy", "empty", "stale", "cold"]
THINGS = ["film", "story", "plot", "cast", "ending", "script", "music", "dialogue", "pace", "camera work"]
OPENINGS = ["The {0} is {1}", "What a {1} {0}", "I found the {0} {1}", "A {1} {0}", "The {0} was {1} from start to finish", "{0}: {1}"]
ENDINGS = [".", "!", ", and I'd see it again.", ", but too long.", "...", ", as my sister said.", " (seen on a plane)."]

state = 20


def draw(words):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return words[(state >> 33) % len(words)]


with open(os.path.join(os.path.dirname(__file__), "reviews.csv"), "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["review", "liked"])
    for _ in range(600):
        is_liked, is_negated = draw([True, False]), draw([True, False, False])
        word = draw(GOOD if is_liked != is_negated else BAD)
        text = draw(OPENINGS).format(draw(THINGS), ("not " if is_negated else draw(["", "", "really ", "so "])) + word)
        writer.writerow([text[0].upper() + text[1:] + draw(ENDINGS), "yes" if is_liked else "no"])
