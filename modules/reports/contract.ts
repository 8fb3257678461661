import { capitation_contract } from './capitation/contract.ts';
import { rules_contract } from './rules/contract.ts';
import { signals_contract } from './signals/contract.ts';
import { statistics_contract } from './statistics/contract.ts';

/** What reports serve: capitation, statistics, decision tables, signals. */
export const contract = { ...capitation_contract, ...rules_contract, ...statistics_contract, ...signals_contract };
