import { ConfigError } from '@zdravo/kit/config';
import { type RunningPlatform, startPlatform } from './platform.ts';
import { readSettings } from './settings.ts';

// `npm start`: the whole platform in one process.

try {
  const starting = startPlatform(readSettings());
  stopOnSignal(starting);
  announce(await starting);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

/** Heard from the first moment: a signal while it starts must not leave a database server behind. */
function stopOnSignal(starting: Promise<RunningPlatform>): void {
  let is_stopping = false;
  const stop = () => {
    if (is_stopping) return;
    is_stopping = true;
    void starting.then((platform) => platform.stop()).then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function announce({ address, sign_in }: RunningPlatform): void {
  const { email, password, client_id, client_secret, redirect_uri, login_client_id } = sign_in;
  console.log(`
  API            ${address}/api
  API reference  ${address}/api/docs
  OpenAPI 3.1    ${address}/api/openapi.json
  Addresses      ${address}/api/uaddresses/regions
  Dictionaries   ${address}/api/dictionaries
  Health         ${address}/health/ready

  A vendor's sign-in, for trying out OAuth (of this machine only)
    user         ${email} / ${password}
    client       ${client_id} / ${client_secret}
    redirect     ${redirect_uri}
    login client ${login_client_id}

ready ${address}`);
}
