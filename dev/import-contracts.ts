import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ImportProblem } from '@zdravo/country-ua';
import { ContractInput } from '@zdravo/il/contract';
import { systemClock } from '@zdravo/kit/clock';
import { Uuid } from '@zdravo/kit/contract';
import type { Logger } from '@zdravo/kit/log';
import { Problem } from '@zdravo/kit/problem';
import { type Contract, createPrm } from '@zdravo/prm';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** One line of the file, as the payer's contract system exports it. */
const Line = Compile(Type.Object({ id: Uuid, ...ContractInput.properties }, { additionalProperties: false }));

/** Who imports: a fixed id, no user. */
const importer_id = '00000000-0000-4000-8000-000000000003';

/**
 * Stores contracts from JSON lines, each in its own transaction: repeated, it replaces them. @returns how many.
 * @throws ImportProblem that names the line and the place in it; the lines before it are stored.
 */
export async function importContracts(database_url: string, path: string, log: Logger): Promise<number> {
  const prm = createPrm({ database_url, clock: systemClock('Europe/Kyiv'), log, pool_size: 2 });
  const within = { context: { request_id: 'import-contracts' }, actor_id: importer_id };
  let line = 0;
  let count = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(path) })) {
      line += 1;
      if (text.trim() === '') continue;
      await prm.putContract(contractOf(text, line), within).catch((error: unknown) => {
        throw error instanceof Problem ? new ImportProblem(line, 1, describe(error)) : error;
      });
      count += 1;
    }
    return count;
  } finally {
    await prm.close();
  }
}

function contractOf(text: string, line: number): Contract {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ImportProblem(line, 1, 'no JSON');
  }
  if (Line.Check(value)) return value as Contract;
  const [error] = Line.Errors(value);
  throw new ImportProblem(line, 1, `${error?.instancePath || '/'} ${error?.message}`);
}

function describe({ message, invalid }: Problem): string {
  const [first] = invalid ?? [];
  return first ? `${first.entry} ${first.rules[0]?.description ?? message}` : message;
}
