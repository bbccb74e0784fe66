# npm for the image, of the version that Node 20 ships with.

prepare_node() {
  local context=$1 archive="$GREENROOM_CACHE/npm-10.8.2.tgz" folder
  if [[ ! -s $archive ]]; then
    folder=$(mktemp -d)
    retry 3 logged npm pack --silent --pack-destination "$folder" npm@10.8.2 ||
      give_up "npm's own package could not be fetched" "npm pack npm@10.8.2" "read $setup_log; check npm's settings and the network"
    mv "$folder"/*.tgz "$archive"
    rmdir "$folder"
  fi
  cp "$archive" "$context/npm.tgz"
}
