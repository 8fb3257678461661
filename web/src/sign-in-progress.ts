import { useState } from 'react';
import type { signIn } from './api.ts';

/** A second factor that is waited for: the code from the phone, or first the phone itself. */
export type Waiting = { token: string; step: 'REQUEST_OTP' | 'REQUEST_FACTOR' | 'APPROVE_FACTOR' };

/** How far signing in has come: nothing yet, a second factor that is waited for, or a token, in this page's memory only. */
export function useSignInProgress() {
  const [waiting, setWaiting] = useState<Waiting>();
  const [token, setToken] = useState<string>();
  function proceed({ data, urgent }: Awaited<ReturnType<typeof signIn>>): void {
    const step = urgent?.next_step;
    if (step === 'REQUEST_OTP' || step === 'REQUEST_FACTOR') setWaiting({ token: data.value, step });
    else setToken(data.value);
  }
  return { token, waiting, proceed, onWaiting: setWaiting, onToken: setToken };
}
