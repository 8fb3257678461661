import { type Logger, pino } from 'pino';

export type { Logger };

export type LoggerOptions = {
  name: string;
  level?: string;
  /** Where lines go; standard output otherwise. */
  destination?: { write(line: string): void };
};

/**
 * A JSON logger with an allow-list: only these members of a request or an error are ever written, so that no body,
 * token, name or number of a person can reach a log.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { destination } = options;
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    base: { module: options.name },
    serializers: { req: request, res: response, err: error },
  };
  return destination ? pino(settings, destination) : pino(settings);
}

function request(value: { id?: string; method?: string; routeOptions?: { url?: string } }) {
  return { id: value.id, method: value.method, route: value.routeOptions?.url };
}

function response(value: { statusCode?: number }) {
  return { status: value.statusCode };
}

/** A database error's `detail` quotes the row: it stays out. Its code and constraint are enough to find the place. */
function error(value: Error & { code?: string; constraint?: string; table?: string; status?: number; hint?: string }) {
  const is_database_error = typeof value.code === 'string' && /^[0-9A-Z]{5}$/.test(value.code);
  return {
    type: value.name,
    code: value.code,
    status: value.status,
    constraint: value.constraint,
    table: value.table,
    // Of our own errors: what an operator can do. PostgreSQL's may quote values.
    hint: is_database_error ? undefined : value.hint,
    message: is_database_error ? `database error ${value.code}` : value.message,
    stack: value.stack?.split('\n').slice(1, 12).join('\n'),
  };
}
