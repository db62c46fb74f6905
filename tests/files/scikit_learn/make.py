"""statistics.json: what scikit-learn's transformers learn of columns of numbers and of texts, in 64 bits."""
import json

import numpy as np
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer, LabelEncoder, MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder,
    QuantileTransformer, RobustScaler, StandardScaler,
)

random = np.random.default_rng(11)
columns = {
    "plain": random.standard_normal(301),
    "far": 1e6 + random.standard_normal(300),
    "wide": -50 + 1e4 * random.standard_normal(257),
    "small": 1e-7 * random.random(100),
    "whole": random.integers(0, 12, 211).astype(float),
    "skewed": random.lognormal(3, 2, 400),
    "two": np.array([3.0, 5.0]),
    "constant": np.full(40, 0.1),
}
columns = {name: np.array([float(f"{x:.9g}") for x in column]) for name, column in columns.items()}
holes = {name: np.where(np.arange(len(c)) % 7 == 3, np.nan, c) for name, c in columns.items() if len(c) > 10}

numbers = []
for name, column in columns.items():
    x = column[:, None]
    standard, spread = StandardScaler().fit(x), MinMaxScaler(feature_range=(-1, 3)).fit(x)
    robust = RobustScaler(quantile_range=(10.0, 80.0)).fit(x)
    case = {
        "column": name,
        "standard": {"mean": standard.mean_[0], "scale": standard.scale_[0]},
        "min_max": {"scale": spread.scale_[0], "min": spread.min_[0]},
        "max_abs": MaxAbsScaler().fit(x).scale_[0],
        "robust": {"center": robust.center_[0], "scale": robust.scale_[0]},
    }
    if len(column) > 20:
        ranks = QuantileTransformer(n_quantiles=17, subsample=None).fit(x)
        case["quantiles"] = ranks.quantiles_[:, 0].tolist()
        bins = KBinsDiscretizer(5, encode="ordinal", strategy="quantile", quantile_method="linear").fit(x)
        case["bins"] = bins.bin_edges_[0][1:-1].tolist() if name != "constant" else []
    if name in holes:
        fill = lambda strategy: SimpleImputer(strategy=strategy).fit(holes[name][:, None]).statistics_[0]
        case["fill"] = {strategy: fill(strategy) for strategy in ["mean", "median", "most_frequent"]}
    numbers.append(case)

texts = ["b", "a", "Z", "ä", "a", "10", "9", "c d", "b", "", "a"]
filled = SimpleImputer(strategy="most_frequent", missing_values="").fit_transform(np.array(texts, object)[:, None])[:, 0]
order = ["c d", "Z", "b", "a", "ä", "9", "10"]
one_hot = OneHotEncoder(sparse_output=False).fit(filled[:, None])
categories = {
    "texts": texts,
    "fill": SimpleImputer(strategy="most_frequent", missing_values="").fit(np.array(texts, object)[:, None]).statistics_[0],
    "label": LabelEncoder().fit_transform(filled.astype(str)).tolist(),
    "one_hot": one_hot.transform(filled[:, None]).ravel().tolist(),
    "order": order,
    "ordinal": OrdinalEncoder(categories=[order]).fit_transform(filled[:, None])[:, 0].tolist(),
}
json.dump(
    {
        "scikit_learn": sklearn.__version__,
        "columns": {name: column.tolist() for name, column in columns.items()},
        "numbers": numbers,
        "categories": categories,
    },
    open("statistics.json", "w"), ensure_ascii=False, separators=(",", ":"), default=float,
)
