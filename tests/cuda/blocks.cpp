// Blocks of threads: barriers, and warps that shuffle.
#include "machine.hpp"

static void shuffle(Function &f, std::vector<Thread *> &warp, Block &block) {
    std::vector<uint64_t> values(32);
    std::vector<Thread *> lanes(32, nullptr);
    for (auto *t : warp) {
        unsigned lane = (t->x + block.grid->bx * (t->y + block.grid->by * t->z)) % 32;
        lanes[lane] = t;
    }
    int pc = -1;
    for (auto *t : warp)
        if (!t->done) {
            if (t->waiting != 2) return;
            if (pc >= 0 && t->pc != pc) fail("a warp shuffles at two places of " + f.name);
            pc = t->pc;
        }
    if (pc < 0) return;
    const Instruction &i = f.code[pc];
    bool two = i.mode.back() == '|';
    std::string mode = two ? i.mode.substr(0, i.mode.size() - 1) : i.mode;
    for (int l = 0; l < 32; l++)
        if (lanes[l] && !lanes[l]->done) {
            Machine m{f, block, *lanes[l]};
            values[l] = m.get(i.operands[1 + two]);
        }
    for (int l = 0; l < 32; l++)
        if (lanes[l] && !lanes[l]->done) {
            Machine m{f, block, *lanes[l]};
            int b = (int)m.get(i.operands[2 + two]), c = (int)m.get(i.operands[3 + two]);
            int segment = (c >> 8) & 31, most = (l & segment) | (c & 31 & ~segment), least = l & segment;
            int from;
            bool ok;
            if (mode == "up") {
                from = l - b;
                ok = from >= (c & 31 & ~segment) + least - 0 && from >= least;
                most = least;
            } else if (mode == "down") {
                from = l + b;
                ok = from <= most;
            } else if (mode == "bfly") {
                from = l ^ b;
                ok = from <= most;
            } else {
                from = least | (b & 31 & ~segment);
                ok = from <= most;
            }
            if (!ok) from = l;
            if (!lanes[from] || lanes[from]->done) from = l; // undefined
            m.set(i.operands[0], values[from]);
            if (two) m.set(i.operands[1], ok);
            lanes[l]->pc++;
            lanes[l]->waiting = 0;
        }
}

void run(Function *fp, const Grid &grid, const std::vector<uint8_t> &parameters) {
    Function &f = *fp;
    unsigned threads = grid.bx * grid.by * grid.bz;
    std::vector<Thread> all(f.waits ? threads : 1);
    for (unsigned bz = 0; bz < grid.gz; bz++)
        for (unsigned by = 0; by < grid.gy; by++)
            for (unsigned bx = 0; bx < grid.gx; bx++) {
                Block block{&grid, bx, by, bz, {}, &parameters};
                f.shared_bytes = (f.shared_bytes + 15) / 16 * 16;
                block.shared.assign(f.shared_bytes + grid.shared + 16, 0xff);
                auto begin = [&](Thread &t, unsigned n) {
                    if (t.regs.size() != (size_t)f.register_count) t.regs.assign(f.register_count, 0);
                    if (t.local.size() != f.local_bytes + 16) t.local.assign(f.local_bytes + 16, 0);
                    t.pc = 0;
                    t.done = false;
                    t.waiting = 0;
                    t.x = n % grid.bx;
                    t.y = n / grid.bx % grid.by;
                    t.z = n / grid.bx / grid.by;
                };
                if (!f.waits) {
                    for (unsigned n = 0; n < threads; n++) {
                        begin(all[0], n);
                        Machine{f, block, all[0]}.go();
                    }
                    continue;
                }
                for (unsigned n = 0; n < threads; n++) begin(all[n], n);
                for (;;) {
                    bool any = false;
                    for (auto &t : all)
                        if (!t.done && !t.waiting) { Machine{f, block, t}.go(); }
                    bool shuffled = false;
                    for (unsigned w = 0; w * 32 < threads; w++) {
                        std::vector<Thread *> warp;
                        bool waits = false;
                        for (unsigned n = w * 32; n < std::min(threads, w * 32 + 32); n++) {
                            warp.push_back(&all[n]);
                            waits |= all[n].waiting == 2;
                        }
                        if (waits) {
                            shuffle(f, warp, block);
                            for (auto *t : warp)
                                if (!t->done && !t->waiting) shuffled = true;
                        }
                    }
                    if (shuffled) continue;
                    for (auto &t : all) any |= !t.done;
                    if (!any) break;
                    for (auto &t : all)
                        if (!t.done && t.waiting != 1) fail("a warp waits for ever in " + f.name);
                    for (auto &t : all)
                        if (!t.done) {
                            t.waiting = 0;
                            t.pc++;
                        }
                }
            }
}
