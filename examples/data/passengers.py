"""Writes passengers.csv: a table like the Titanic's, with missing ages and cabins, drawn by a known rule.

    python passengers.py
"""

import math
import random
from pathlib import Path

random.seed(1912)
FIRST = {"female": ["Ada", "Rose", "Mary", "Ellen", "Ida"], "male": ["John", "Karl", "Owen", "Jack", "Leo"]}
LAST = ["Brown", "Duff", "Fox", "Hart", "Lund", "O'Dea", "Rice", "Ward"]

rows = ["passenger,name,class,sex,age,siblings,fare,cabin,port,survived"]
for number in range(1, 701):
    level = random.choices([1, 2, 3], [24, 21, 55])[0]
    sex = random.choices(["male", "female"], [64, 36])[0]
    age = min(75, max(1, random.gauss(38 - 5 * level, 13)))
    siblings = random.choices([0, 1, 2, 3], [68, 23, 6, 3])[0]
    fare = round(random.lognormvariate(4.4 - 0.9 * level, 0.5) * (1 + siblings), 2)
    cabin = f"{random.choice('ABCDE')}{random.randint(1, 99)}" if random.random() < [0.8, 0.2, 0.03][level - 1] else ""
    port = random.choices(["Southampton", "Cherbourg", "Queenstown", ""], [70, 20, 9, 1])[0]
    worth = 2.6 * (sex == "female") - 1.0 * (level - 1) + 1.8 * (age < 12) - 0.3 * siblings + 0.2
    survived = random.random() < 1 / (1 + math.exp(-1.5 * worth))
    shown = "" if random.random() < 0.2 else f"{age:.0f}"
    name = f'"{random.choice(LAST)}, {random.choice(FIRST[sex])}"'
    rows.append(f"{number},{name},{level},{sex},{shown},{siblings},{fare},{cabin},{port},{'yes' if survived else 'no'}")
Path(__file__).with_name("passengers.csv").write_text("\n".join(rows) + "\n")
