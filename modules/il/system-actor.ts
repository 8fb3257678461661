/** The platform itself as an actor, where no person acts (domain.md §2.3). */
export const system_actor_id = '4261eacf-8008-4e62-899f-de1e2f7065f0';
