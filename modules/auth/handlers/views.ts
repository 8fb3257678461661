export function viewUser(user: { id: string; email: string; settings: unknown }) {
  return { id: user.id, email: user.email, settings: user.settings as Record<string, unknown> };
}
