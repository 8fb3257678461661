import { ConfigError } from '@zdravo/kit/config';
import { startPlatform } from './platform.ts';
import { readSettings } from './settings.ts';

// `npm start`: the whole platform in one process.

try {
  const platform = await startPlatform(readSettings());
  console.log(`
  API            ${platform.address}/api
  API reference  ${platform.address}/api/docs
  OpenAPI 3.1    ${platform.address}/api/openapi.json
  Addresses      ${platform.address}/api/uaddresses/regions
  Dictionaries   ${platform.address}/api/dictionaries
  Health         ${platform.address}/health/ready
`);
  const { email, password, client_id, client_secret, redirect_uri, login_client_id } = platform.sign_in;
  console.log(`  A vendor's sign-in, for trying out OAuth (of this machine only)
    user         ${email} / ${password}
    client       ${client_id} / ${client_secret}
    redirect     ${redirect_uri}
    login client ${login_client_id}
`);
  console.log(`ready ${platform.address}`);
  let is_stopping = false;
  const stop = () => {
    if (is_stopping) return;
    is_stopping = true;
    void platform.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
