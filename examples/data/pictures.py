"""Writes pictures.csv: small colour pictures of four textures, for configs/resnet8.yaml.

    python3 pictures.py [ROWS]

Each row is a picture of 32 x 32 pixels (red, green, blue; 0 to 9), row by row, and its class:
stripes that lie, stripes that stand, checks, or a disc. Width, place and colours are drawn.
"""

import random
import sys
from pathlib import Path

SIZE = 32
CLASSES = ["lying", "standing", "checks", "disc"]


def picture(name, draw):
    period, phase = draw.randint(3, 6), draw.randint(0, 11)
    radius = draw.uniform(6, 11)
    x0, y0 = draw.uniform(11, 20), draw.uniform(11, 20)
    one = [draw.randint(0, 9) for _ in range(3)]
    other = [(level + draw.randint(4, 6)) % 10 for level in one]

    def is_one(x, y):
        across, down = (x + phase) // period % 2, (y + phase) // period % 2
        return {
            "lying": down == 0,
            "standing": across == 0,
            "checks": across == down,
            "disc": (x - x0) ** 2 + (y - y0) ** 2 < radius**2,
        }[name]

    for y in range(SIZE):
        for x in range(SIZE):
            for level in one if is_one(x, y) else other:
                yield min(9, max(0, level + draw.choice((-1, 0, 0, 1))))


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 96
    draw = random.Random(8)
    lines = [",".join([f"p{i}" for i in range(3 * SIZE * SIZE)] + ["texture"])]
    for row in range(rows):
        name = CLASSES[row % len(CLASSES)]
        lines.append(",".join([str(level) for level in picture(name, draw)] + [name]))
    Path(__file__).with_name("pictures.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
