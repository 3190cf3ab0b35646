import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** Below this, a packed file saves less than is worth a second file. */
const LEAST_PACKED_BYTES = 1000;

/** Puts a copy packed with Brotli beside each file, which the host sends to who reads it. */
export const pack = {
  name: "pack",
  apply: "build" as const,
  writeBundle({ dir }: { dir?: string }, bundle: Record<string, unknown>) {
    for (const name of Object.keys(bundle)) {
      const file = join(dir ?? ".", name);
      const bytes = readFileSync(file);
      if (bytes.length < LEAST_PACKED_BYTES) continue;
      const params = {
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    }
  },
};
