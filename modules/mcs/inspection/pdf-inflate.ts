import { createInflate } from 'node:zlib';
import { FlawFound } from './verdict.ts';

/** How much all streams of one file may swell to. */
export type InflateBudget = { left: number };

/** Inflates a stream, counting against the file's budget; keeps the bytes only when asked. Errors: `bomb`. */
export async function inflateWithin(
  content: Buffer,
  { budget, keep }: { budget: InflateBudget; keep: boolean },
): Promise<{ content: Buffer; is_whole: boolean }> {
  const inflate = createInflate({ chunkSize: 256 * 1024 });
  const kept: Buffer[] = [];
  inflate.end(content);
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      budget.left -= chunk.length;
      if (budget.left < 0) throw new FlawFound('bomb', 'The streams of the file swell beyond measure');
      if (keep) kept.push(chunk);
    }
    return { content: Buffer.concat(kept), is_whole: true };
  } catch (error) {
    if (error instanceof FlawFound) throw error;
    return { content: Buffer.concat(kept), is_whole: false };
  } finally {
    inflate.destroy();
  }
}
