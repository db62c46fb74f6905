"""The numbers of scikit-learn that src/decisions is held to; run with scikit-learn 1.9."""
import numpy as np
from sklearn.calibration import _TemperatureScaling
from sklearn.metrics import precision_recall_curve, roc_curve


def numbers(n, seed):
    state, out = seed, []
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(np.float32(8) * np.float32((state >> 40) / 2**24) - np.float32(4))
    return np.array(out, dtype=np.float32)


logits = numbers(600, 1).reshape(200, 3)
draws = numbers(200, 2)
classes = np.where(draws < -1, 0, np.where(draws > 2.5, 2, logits.argmax(1)))
weights = numbers(200, 3) + np.float32(4.5)


def temperature(logits, labels, weights=None):
    scaling = _TemperatureScaling().fit(logits.astype(np.float64), labels, weights)
    return 1 / scaling.beta_


print("SOFTMAX", temperature(logits, classes))
print("SOFTMAX_WEIGHTED", temperature(logits, classes, weights.astype(np.float64)))
flat = logits.reshape(-1)[:200]
bits = (numbers(200, 4) + flat > 0).astype(int)  # (-x, x) there is one sigmoid of 2 x
print("SIGMOID", temperature(flat / 2, bits))



scores = np.round(1 / (1 + np.exp(-flat.astype(np.float64))), 2).astype(np.float32)
weights = numbers(200, 3).astype(np.float64) + 4.5
for name, w in [("PLAIN", None), ("WEIGHTED", weights)]:
    precision, recall, thresholds = precision_recall_curve(bits, scores, sample_weight=w)
    f1 = 2 * precision * recall / (precision + recall)
    fpr, tpr, cuts = roc_curve(bits, scores, sample_weight=w, drop_intermediate=False)
    one = np.ones(200) if w is None else w
    cost = lambda t: (one * ((scores >= t) & (bits == 0)) + 5 * one * ((scores < t) & (bits == 1))).sum()
    costs = [cost(t) for t in cuts]
    print(name, "f1", f1.max(), thresholds[f1[:-1].argmax()],
          "youden", (tpr - fpr).max(), cuts[(tpr - fpr).argmax()],
          "cost", min(costs), cuts[int(np.argmin(costs))])
