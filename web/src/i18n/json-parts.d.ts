// Made of the file by vite.config.ts.
declare module "*.json?first" {
  const texts: import("./parts").Texts;
  export default texts;
}
declare module "*.json?rest" {
  const texts: import("./parts").Texts;
  export default texts;
}
