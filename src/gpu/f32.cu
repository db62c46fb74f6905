typedef float number;
DEVICE float get(number x) { return x; }
DEVICE number put(float x) { return x; }
