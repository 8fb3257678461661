import { ConfigError, refuseMisspelt } from '@zdravo/kit/config';
import { Type } from 'typebox';
import { describeFailure } from './failures.ts';
import { cutSmallBuffersFromSmallBlocks } from './memory.ts';
import { type RunningPlatform, startPlatform } from './platform.ts';
import { processes, settings_of_processes } from './processes/index.ts';
import type { RunningProcess } from './processes/process.ts';
import { readSettings, Settings, settings_of_commands } from './settings.ts';

// `npm start`: the whole platform in one process. `npm start -- MODULE…`: only these, as in production.

cutSmallBuffersFromSmallBlocks();
const names = process.argv.slice(2);
const schemas = names.length === 0 ? [Settings] : names.map((name) => settings_of_processes[name] ?? Type.Object({}));
try {
  const schemas_of_all = [Settings, ...Object.values(settings_of_processes)];
  const known = schemas_of_all.flatMap(({ properties }) => Object.keys(properties));
  refuseMisspelt(process.env, { known: new Set([...known, ...settings_of_commands]), prefix: 'ZDRAVO_' });
  const starting = names.length === 0 ? startAll() : startAlone(names);
  stopOnSignal(starting);
  await starting;
} catch (error) {
  console.error(describeFailure(error, schemas));
  process.exit(1);
}

async function startAll(): Promise<{ stop(): Promise<void> }> {
  const platform = await startPlatform(readSettings());
  announce(platform);
  return platform;
}

async function startAlone(modules: string[]): Promise<{ stop(): Promise<void> }> {
  const unknown = modules.filter((name) => !Object.hasOwn(processes, name));
  if (unknown.length > 0)
    throw new ConfigError([
      `no module is called ${unknown.join(', ')}; there are ${Object.keys(processes).join(', ')}`,
    ]);
  const running: RunningProcess[] = [];
  for (const name of modules) {
    const one = await processes[name]!(process.env);
    console.log(`ready ${name} ${one.address}`);
    running.push(one);
  }
  return {
    stop: async () => {
      for (const one of running.reverse()) await one.stop();
    },
  };
}

/** Heard from the first moment: a signal while it starts must not leave a database server behind. */
function stopOnSignal(starting: Promise<{ stop(): Promise<void> }>): void {
  let is_stopping = false;
  const stop = () => {
    if (is_stopping) return;
    is_stopping = true;
    void starting.then((running) => running.stop()).then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function announce({ address, sign_ins }: RunningPlatform): void {
  const { mis, nhs_admin, login_client_id } = sign_ins;
  console.log(`
  Start page     ${address}/
  API            ${address}/api
  API reference  ${address}/api/docs
  OpenAPI 3.1    ${address}/api/openapi.json
  Health         ${address}/health/ready
  SMS and mails  ${address}/outbox

  Sign-ins of this machine
    vendor of a MIS     ${mis.email} / ${mis.password}
      client            ${mis.client_id} / ${mis.client_secret} (the secret is also the API-key of its clinics)
    officer of the payer ${nhs_admin.email} / ${nhs_admin.password}
      client            ${nhs_admin.client_id} / ${nhs_admin.client_secret}
    redirect            ${mis.redirect_uri}
    login client        ${login_client_id}

ready ${address}`);
}
