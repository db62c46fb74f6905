"""Writes buildings.csv: what buildings need for heating and cooling, by a known rule with noise.

    python buildings.py
"""

import random
from pathlib import Path

random.seed(768)
rows = ["compactness,wall_area,roof_area,height,glazing,facing,heating,cooling"]
for _ in range(500):
    compactness = round(random.uniform(0.6, 1.0), 2)
    height = random.choice([3.5, 7.0])
    roof = round(random.uniform(110, 220), 1)
    wall = round(random.uniform(240, 420), 1)
    glazing = random.choice([0.0, 0.1, 0.25, 0.4])
    facing = random.choice(["north", "east", "south", "west"])
    sun = {"north": -1.0, "east": 0.2, "south": 1.5, "west": 0.6}[facing] * glazing
    heating = 2 + 2.6 * height + 0.03 * wall - 0.035 * roof + 9 * glazing + 9 * (1 - compactness) * height / 7 - 2 * sun
    cooling = 9 + 2.0 * height + 0.02 * wall - 0.02 * roof + 7 * glazing + 6 * compactness + 4 * sun
    heating, cooling = heating + random.gauss(0, 0.8), cooling + random.gauss(0, 0.8)
    rows.append(f"{compactness},{wall},{roof},{height},{glazing},{facing},{heating:.2f},{cooling:.2f}")
Path(__file__).with_name("buildings.csv").write_text("\n".join(rows) + "\n")
