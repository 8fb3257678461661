export { createGroupCommit, type GroupCommit } from './group-commit.ts';
export { createGroupedLookup, type GroupedLookup } from './grouped-lookup.ts';
