"""The only parts of the screen that touch what is private in Textual; they know no job."""
