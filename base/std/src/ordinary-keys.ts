/** What JavaScript does with keys that are not a program's own, undone. */

/**
 * From here on `__proto__` is a key like any other in this process, as it is for everybody who sends us JSON: `object[key] = value` with a key from
 * outside cannot reach `Object.prototype`. What literals mean by it stays (`{ __proto__: null }`).
 */
export function makeProtoOrdinary(): void {
  Reflect.deleteProperty(Object.prototype, "__proto__");
}
