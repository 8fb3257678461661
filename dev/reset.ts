import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readSettings } from './settings.ts';

// `npm run reset`: forgets all that the embedded platform has stored.

const directory = resolve(readSettings().ZDRAVO_DATA);
await rm(directory, { recursive: true, force: true });
console.log(`${directory} is empty.`);
