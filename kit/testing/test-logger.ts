import { createLogger, type Logger } from '../log/index.ts';

/** A logger that is silent unless `ZDRAVO_TEST_LOG` names a level. */
export function testLogger(name = 'test'): Logger {
  return createLogger({ name, level: process.env['ZDRAVO_TEST_LOG'] ?? 'silent' });
}
