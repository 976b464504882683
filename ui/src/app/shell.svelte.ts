/** What of the frame is open. */
class Shell {
  palette = $state(false);
  sheet = $state(false);
  problems = $state(false);
  /** Files are held over the window. */
  dropping = $state(false);
}
export const shell = new Shell();
