// How long a secret has to be: what is shorter would be found by chance in anything, and masked there.

/** In characters. */
export const shortestSecret = 4;

export function isLongEnough(secret: string): boolean {
  return Array.from(secret.trim()).length >= shortestSecret;
}
