/* bfloat16: the first half of a float, rounded to even. */
typedef unsigned short number;
union bits { u32 bits; float value; };
DEVICE float get(number x) {
    union bits whole;
    whole.bits = (u32)x << 16;
    return whole.value;
}
DEVICE number put(float x) {
    union bits whole;
    whole.value = x;
    if (x != x) return (number)(whole.bits >> 16 | 0x40);
    return (number)((whole.bits + 0x7fff + (whole.bits >> 16 & 1)) >> 16);
}
