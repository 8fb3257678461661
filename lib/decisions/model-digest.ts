import { createHash } from 'node:crypto';
import { exportDmn } from './dmn-export.ts';
import type { DecisionModel } from './model.ts';

/** SHA-256 of the exported DMN, in hex: the content of a model as a name that changes whenever a verdict could. */
export function modelDigest(model: DecisionModel): string {
  return createHash('sha256').update(exportDmn(model)).digest('hex');
}
