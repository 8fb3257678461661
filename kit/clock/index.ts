/** Where "now" comes from. Every rule about time takes a clock, so that tests can move it. */
export type Clock = {
  now(): Date;
  /** Civil date in the country's time zone, `YYYY-MM-DD`. */
  today(): string;
};

export type SettableClock = Clock & { set(instant: string): void; advance(milliseconds: number): void };

/** The clock of this machine; `today` is the civil day in the time zone. */
export function systemClock(time_zone: string): Clock {
  return { now: () => new Date(), today: () => civilDate(new Date(), time_zone) };
}

/** A clock that stands still until it is moved. */
export function settableClock(instant: string, time_zone: string): SettableClock {
  let current = new Date(instant);
  return {
    now: () => new Date(current),
    today: () => civilDate(current, time_zone),
    set: (next) => {
      current = new Date(next);
    },
    advance: (milliseconds) => {
      current = new Date(current.getTime() + milliseconds);
    },
  };
}

/** The instant so many times 24 hours before another, as ISO text. */
export function daysBefore(instant: Date, days: number): string {
  return new Date(instant.getTime() - days * 86_400_000).toISOString();
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The civil date of an instant in a time zone, `YYYY-MM-DD`. */
export function civilDate(instant: Date, time_zone: string): string {
  let format = formats.get(time_zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: time_zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formats.set(time_zone, format);
  }
  return format.format(instant);
}
