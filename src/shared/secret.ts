import { inspect } from 'node:util'

/**
 * A string that cannot be printed by accident: JSON, templates, `util.inspect` and loggers show
 * `[secret]`. Only `reveal()` gives the value, so that every use can be found by its name.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
