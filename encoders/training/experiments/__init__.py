"""Questions put to the encoders by measurement, one command each; needs the extra `train`, serving imports none."""
