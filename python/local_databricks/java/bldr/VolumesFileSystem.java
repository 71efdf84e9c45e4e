package bldr;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * dbfs:, the file system of paths that name none: /Volumes/... is the workspace folder's `volumes`, any other path the
 * machine's own. Names stay as they were given, so that a file of a volume is dbfs:/Volumes/c/s/v/f everywhere.
 */
public class VolumesFileSystem extends RawLocalFileSystem {
  private static final URI NAME = URI.create("dbfs:///");
  private static final String VOLUMES = "/Volumes/";
  private String folder;

  @Override
  public URI getUri() {
    return NAME;
  }

  @Override
  public String getScheme() {
    return "dbfs";
  }

  @Override
  public void initialize(URI uri, Configuration conf) throws IOException {
    super.initialize(NAME, conf);
    setConf(conf);
    folder = conf.get("bldr.volumes");
  }

  @Override
  public File pathToFile(Path path) {
    File file = super.pathToFile(path);
    String name = file.getPath();
    if ((name + "/").startsWith(VOLUMES)) {
      return new File(folder + name.substring(VOLUMES.length() - 1));
    }
    return file;
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    FileStatus s = super.getFileStatus(path);
    return new FileStatus(
        s.getLen(), s.isDirectory(), 1, s.getBlockSize(), s.getModificationTime(), makeQualified(path));
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    FileStatus status = getFileStatus(path);
    return status.isDirectory() ? super.listStatus(path) : new FileStatus[] {status};
  }
}
