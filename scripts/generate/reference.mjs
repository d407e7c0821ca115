export function reference() {
  return '';
}
