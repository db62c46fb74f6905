"""Writes articles.csv: articles by a few measures, each with the topics that it is of; some have none.

    python articles.py
"""

import random
from pathlib import Path

random.seed(7)
rows = ["article,section,words,numbers,quotes,names,topics"]
for number in range(1, 601):
    section = random.choice(["home", "world", "life"])
    words = random.randint(150, 1800)
    numbers, quotes, names = random.randint(0, 40), random.randint(0, 15), random.randint(0, 20)
    topics = {
        "economy": numbers > 20,
        "politics": names > 9 and section != "life",
        "sports": numbers > 12 and section == "life",
        "portrait": quotes > 8 and names < 12,
    }
    topics = [topic for topic, holds in topics.items() if holds != (random.random() < 0.03)]
    rows.append(f"a{number:03},{section},{words},{numbers},{quotes},{names},{';'.join(topics)}")
Path(__file__).with_name("articles.csv").write_text("\n".join(rows) + "\n")
