import { OperatorError } from '@zdravo/kit/config';
import { KeyError, KeyServiceError } from '@zdravo/kit/keys';
import { LogRefusal } from '@zdravo/ops';
import { TlogError } from '@zdravo/tlog';
import type { TObject } from 'typebox';

type SystemError = NodeJS.ErrnoException & { address?: string; port?: number };

/**
 * What a program says when it fails: a line of what its operator can mend, or, of anything else, which is a bug, all of it.
 * @param schemas of the settings that it was started with: a port that is taken is named by its setting.
 */
export function describeFailure(error: unknown, schemas: readonly TObject[] = []): unknown {
  if (error instanceof KeyServiceError) return `${error.message} ${error.hint}`;
  const is_told = [OperatorError, KeyError, LogRefusal, TlogError].some((kind) => error instanceof kind);
  if (is_told) return (error as Error).message;
  const { message, code, syscall, address, port } = error as SystemError;
  const setting = syscall === 'listen' && port !== undefined ? settingOf(port, schemas) : undefined;
  if (setting) return `${setting}: port ${port} of ${address} cannot be had (${code}): another program may have it`;
  // A full disk, a folder that may not be written, a server that is away: none of them is our bug.
  return syscall === undefined ? error : message;
}

function settingOf(port: number, schemas: readonly TObject[]): string | undefined {
  const all = schemas.flatMap(({ properties }) => Object.entries(properties));
  const holds = ([name, { default: usual }]: [string, { default?: unknown }]) =>
    name.endsWith('_PORT') && Number(process.env[name] || usual) === port;
  return all.find(holds)?.[0];
}
