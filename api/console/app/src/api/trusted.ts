// A document that the service knows by its hash.

/** A GraphQL operation with the types of what it gives and of what it takes. */
export type TrustedDocument<Data, Variables> = {
  name: string;
  /** SHA-256 of the text, in hexadecimal digits: what is sent in its place. */
  hash: string;
  text: string;
  /** Holds the types; there is no such value. */
  readonly types?: (variables: Variables) => Data;
};
