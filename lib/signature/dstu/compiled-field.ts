import type { FactorTable, FieldElement } from './binary-field.ts';

/** Straight-line versions of the three operations in which verification spends its time. */
export type CompiledOperations = {
  tableOf: (a: FieldElement, table: FactorTable) => FactorTable;
  multiplyByTable: (into: FieldElement, table: FactorTable, b: FieldElement) => void;
  square: (into: FieldElement, a: FieldElement) => void;
};

/**
 * Writes the operations out for one field, without inner loops, so that the double-width product stays in registers: four to
 * eight times faster than the loops of binary-field.ts, which remain the readable definition and the fallback. The source is
 * made of two numbers only. Undefined where code generation is forbidden (a browser's content security policy).
 */
export function compileOperations(m: number, middle: number[], spread: Int32Array): CompiledOperations | undefined {
  const plan = { m, limbs: Math.ceil(m / 32), exponents: [...middle, 0] };
  try {
    const tableOf = new Function('a', 'table', tableSource(plan)) as CompiledOperations['tableOf'];
    const multiplyByTable = new Function(
      'into',
      'table',
      'b',
      productSource(plan),
    ) as CompiledOperations['multiplyByTable'];
    const makeSquare = new Function('spread', `return function (into, a) { ${squareSource(plan)} };`);
    return { tableOf, multiplyByTable, square: makeSquare(spread) as CompiledOperations['square'] };
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

type Plan = { m: number; limbs: number; exponents: number[] };

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** Rows 2…15 of the table: doubled rows and their sums with row 1. */
function tableSource({ limbs }: Plan): string {
  const width = limbs + 1;
  const lines = [
    `let v; ${range(limbs)
      .map((i) => `const a${i} = a[${i}]; table[${width + i}] = a${i};`)
      .join('')} const a${limbs} = 0;`,
  ];
  lines.push(`table[${width + limbs}] = 0;`);
  for (let n = 2; n < 16; n += 2) {
    for (const i of range(width)) {
      const half = (n >> 1) * width + i;
      const carry = i === 0 ? '' : ` | (table[${half - 1}] >>> 31)`;
      lines.push(
        `v = (table[${half}] << 1)${carry}; table[${n * width + i}] = v; table[${(n + 1) * width + i}] = v ^ a${i};`,
      );
    }
  }
  return `${lines.join('\n')}\nreturn table;`;
}

/** The comb of multiplyByTable with its inner loops written out over w0, w1, … */
function productSource(plan: Plan): string {
  const { limbs } = plan;
  const words = range(2 * limbs + 1);
  const additions = range(limbs).map((k) => {
    const row = range(limbs + 1).map((i) => `w${k + i} ^= table[t + ${i}];`);
    return `t = ((b[${k}] >>> shift) & 15) * ${limbs + 1}; ${row.join(' ')}`;
  });
  const shifts = words.toReversed().map((i) => (i > 0 ? `w${i} = (w${i} << 4) | (w${i - 1} >>> 28);` : 'w0 <<= 4;'));
  return `let ${words.map((i) => `w${i} = 0`).join(', ')}, t = 0, v = 0;
for (let shift = 28; ; shift -= 4) {
${additions.join('\n')}
if (shift === 0) break;
${shifts.join(' ')}
}
${reductionSource(plan)}`;
}

function squareSource(plan: Plan): string {
  const { limbs } = plan;
  const words = range(limbs).map(
    (i) => `v = a[${i}];
let w${2 * i} = spread[v & 255] | (spread[(v >>> 8) & 255] << 16), w${2 * i + 1} = spread[(v >>> 16) & 255] | (spread[v >>> 24] << 16);`,
  );
  return `let v = 0, w${2 * limbs} = 0;\n${words.join('\n')}\n${reductionSource(plan)}`;
}

/** The reduction of binary-field.ts with all positions known. */
function reductionSource({ m, limbs, exponents }: Plan): string {
  const top_limb = m >> 5;
  const top_bit = m & 31;
  const lines: string[] = [];
  const fold = (position: number) => {
    const limb = position >> 5;
    const shift = position & 31;
    lines.push(`w${limb} ^= v << ${shift};`);
    if (shift > 0) lines.push(`w${limb + 1} ^= v >>> ${32 - shift};`);
  };
  for (let i = 2 * limbs - 1; i > top_limb; i--) {
    lines.push(`v = w${i}; w${i} = 0;`);
    for (const exponent of exponents) fold(32 * i - m + exponent);
  }
  lines.push(`v = w${top_limb} >>> ${top_bit};`);
  for (const exponent of exponents) fold(exponent);
  lines.push(`w${top_limb} &= ${top_bit === 0 ? 0 : (1 << top_bit) - 1};`);
  return [...lines, ...range(limbs).map((i) => `into[${i}] = w${i};`)].join('\n');
}
