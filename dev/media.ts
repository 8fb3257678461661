import { systemClock } from '@zdravo/kit/clock';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { createMcs, type Mcs } from '@zdravo/mcs';
import type { Databases } from './databases.ts';
import type { Settings } from './settings.ts';
import { filesFolder, mediaGround } from './storage.ts';

/** The media component for a command, which serves no addresses. */
export async function openMedia(
  settings: Settings,
  { urls, key_provider, log }: { urls: Databases['urls']; key_provider: KeyProvider; log: Logger },
): Promise<Mcs> {
  const media_url = 'http://localhost/media';
  return createMcs({
    database_url: urls.platform,
    keys_database_url: urls.mcs_keys,
    key_provider,
    ...mediaGround(settings, { directory: filesFolder(settings), media_url }),
    public_url: media_url,
    clock: systemClock('Europe/Kyiv'),
    log,
  });
}
