import { KeySettings } from '@zdravo/kit/keys';
import { Type } from 'typebox';

export const Secret = Type.String({ pattern: '^[^,:\\s]{24,}$', description: 'a secret of at least 24 characters' });

/** Where every process listens, how much it says, to whom it tells its figures, and where its keys are. */
export const common = {
  ...KeySettings,
  ZDRAVO_HOST: Type.String({ default: '127.0.0.1', description: 'an address to listen on' }),
  ZDRAVO_LOG: Type.Enum(['silent', 'error', 'warn', 'info', 'debug'], { default: 'info' }),
  METRICS_TOKEN: Type.Optional(Secret),
};

export const port = (number: number) =>
  Type.Integer({ minimum: 1, maximum: 65_535, default: number, description: 'a port number' });

export const DatabaseUrl = Type.String({
  pattern: '^postgres(ql)?://',
  description: 'the URL of a migrated PostgreSQL database, as a login role that is a member of the module’s role',
});

/** Required by `ZDRAVO_KEYS=file`, which is the default. */
export const KeyFile = Type.Optional(
  Type.String({ minLength: 1, description: 'the path of a key file of this module’s own' }),
);

export const LogFolderPath = Type.String({
  minLength: 1,
  description: 'the folder of the transparency log, made by `npm run log -- init FOLDER ORIGIN`, with a policy in it',
});

export const text = (description: string) => Type.String({ minLength: 1, description });

/** Where another perimeter's process listens. */
export const Neighbour = Type.String({
  pattern: '^https?://[^/\\s]+$',
  description: 'the URL of another process, without a slash at the end',
});

/** Who may call, with a secret each. */
export const Callers = Type.String({
  pattern: '^[a-z_]+:[^,:\\s]{24,}(,[a-z_]+:[^,:\\s]{24,})*$',
  description: 'names and secrets of at least 24 characters, as in `il:SECRET,reports:SECRET`',
});

/** `NAME:SECRET,…` of an environment variable as callers with their secrets. */
export function readCallers(text: string): Record<string, string> {
  return Object.fromEntries(text.split(',').map((one) => one.split(':') as [string, string]));
}
