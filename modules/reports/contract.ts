import { capitation_contract } from './capitation/contract.ts';

/** What reports serve: capitation, statistics, decision tables, signals. */
export const contract = { ...capitation_contract };
