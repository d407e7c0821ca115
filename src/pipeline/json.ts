// A value as JSON has it; readonly all the way down.
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
