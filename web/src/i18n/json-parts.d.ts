// Made of the file by bundle/texts-in-parts.ts.
type TextsOfPart = import("./parts").Texts;

declare module "*.json?frame" {
  const texts: TextsOfPart;
  export default texts;
}
declare module "*.json?rest" {
  const texts: TextsOfPart;
  export default texts;
}
declare module "*.json?control-tower" {
  const texts: TextsOfPart;
  export default texts;
}
declare module "*.json?jobs" {
  const texts: TextsOfPart;
  export default texts;
}
declare module "*.json?graph-screen" {
  const texts: TextsOfPart;
  export default texts;
}
declare module "*.json?runs-screen" {
  const texts: TextsOfPart;
  export default texts;
}
declare module "*.json?problems" {
  const texts: TextsOfPart;
  export default texts;
}
