export { createGroupCommit, type GroupCommit } from './group-commit.ts';
export { createGroupedLookup, type GroupedLookup } from './grouped-lookup.ts';
export { createTurns, default_turns, reading_turns, type TurnOptions, type Turns } from './turns.ts';
